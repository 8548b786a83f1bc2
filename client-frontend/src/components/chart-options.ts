import type uPlot from 'uplot';
import type { PlotLine } from './align-lines.ts';
import { formatMeasured } from './format.ts';
import { localMean } from './local-mean.ts';

export type ChartLine = PlotLine & {
  key: string;
  /** Name of the CSS variable with its colour. */
  color: string;
  /** Drawn over the others, thick. */
  strong: boolean;
  dashed?: boolean;
};

/** Where numbers stand under the chart, and what is written for them; round numbers of any size without. */
export type ChartAxis = { steps: number[]; text(x: number): string };

/** More lines than this are not told apart by the pointer, which draws all of them again. */
const MOST_FOCUSED = 24;

/** Pixels beside the lines. */
const LEFT = 58;
const RIGHT = 12;

/** Where the axis ends: with the round that is under way. */
const endOf = (x: number): number => Math.max(1, Math.ceil(x));

/** The lines as a chart of that width, px, shows them: the strong ones as they are, of the others what can be told apart. */
export function drawnLines(lines: readonly ChartLine[], width: number): PlotLine[] {
  const end = endOf(lines.reduce((most, { xs }) => Math.max(most, xs.at(-1) ?? 0), 0));
  return lines.map((line) => (line.strong ? line : localMean(line, end, width - LEFT - RIGHT)));
}

/** How a chart looks, in the colours that `element` has. Its size is left to the caller. */
export function chartOptions(
  lines: readonly ChartLine[],
  element: HTMLElement,
  {
    log,
    axis: under,
    onHover,
  }: { log: boolean; axis: ChartAxis | undefined; onHover(x: number | null): void },
): Omit<uPlot.Options, 'width' | 'height'> {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--muted'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  return {
    legend: { show: false },
    padding: [8, RIGHT, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      ...(lines.length <= MOST_FOCUSED ? { focus: { prox: 20 } } : {}),
      points: { show: lines.length <= MOST_FOCUSED },
    },
    focus: { alpha: 0.35 },
    scales: {
      x: { time: false, range: (_, _min, max) => [0, endOf(max ?? 1)] },
      ...(log ? { y: { distr: 3 as const } } : {}),
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 60,
        incrs: under?.steps ?? STEPS,
        values: (_, at) => at.map(under?.text ?? ((x) => x.toLocaleString('en'))),
      },
      {
        ...axis,
        size: LEFT,
        space: 36,
        values: (_, at) => at.map((y) => (y == null ? '' : formatMeasured(y))),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, color, lines.length))],
    hooks: {
      setCursor: [
        (plot) => onHover(plot.cursor.idx == null ? null : (plot.data[0][plot.cursor.idx] ?? null)),
      ],
    },
  };
}

const STEPS = [1, 2, 5].flatMap((step) => [step, step * 10, step * 100, step * 1_000]).sort((a, b) => a - b);

/** From here on a thick line is a band. */
const DENSE = 600;

export const isDense = ({ strong, xs }: ChartLine): boolean => strong && xs.length > DENSE;

function seriesOf(line: ChartLine, color: (name: string) => string, count: number): uPlot.Series {
  const { color: name, strong } = line;
  const faint = count > MOST_FOCUSED ? 0.28 : 0.6;
  return {
    spanGaps: true,
    stroke: color(name),
    width: strong ? (isDense(line) ? 1.5 : 2.75) : 1.25,
    alpha: strong ? 1 : faint,
    ...(line.dashed === true ? { dash: [5, 5] } : {}),
    // A line of one point would not be seen without it.
    points: {
      show: (_plot, _series, from, to) => line.dashed !== true && to - from < 60,
      size: strong ? 6 : 4,
      fill: color(name),
    },
  };
}
