import type uPlot from 'uplot';
import type { PlotLine } from './align-lines.ts';
import { formatMeasured } from './format.ts';

export type ChartLine = PlotLine & {
  key: string;
  /** Name of the CSS variable with its colour. */
  color: string;
  /** Drawn over the others, thick. */
  strong: boolean;
};

/** More lines than this are not told apart by the pointer, which draws all of them again. */
const MOST_FOCUSED = 24;

/** How a chart looks, in the colours that `element` has. Its size is left to the caller. */
export function chartOptions(
  lines: readonly ChartLine[],
  element: HTMLElement,
  onHover: (x: number | null) => void,
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
    padding: [8, 12, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      ...(lines.length <= MOST_FOCUSED ? { focus: { prox: 20 } } : {}),
      points: { show: lines.length <= MOST_FOCUSED },
    },
    focus: { alpha: 0.35 },
    scales: { x: { time: false, range: (_, _min, max) => [0, Math.max(1, Math.ceil(max ?? 1))] } },
    axes: [
      {
        ...axis,
        size: 28,
        space: 60,
        incrs: STEPS,
        values: (_, at) => at.map((x) => x.toLocaleString('en')),
      },
      { ...axis, size: 58, space: 36, values: (_, at) => at.map(formatMeasured) },
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

export const isDense = ({ xs }: ChartLine): boolean => xs.length > DENSE;

function seriesOf(line: ChartLine, color: (name: string) => string, count: number): uPlot.Series {
  const { color: name, strong } = line;
  const faint = count > MOST_FOCUSED ? 0.28 : 0.6;
  return {
    spanGaps: true,
    stroke: color(name),
    width: (strong ? 2.5 : 1.25) * (isDense(line) ? 0.6 : 1),
    alpha: strong ? 1 : faint,
    // A line of one point would not be seen without it.
    points: { show: (_plot, _series, from, to) => to - from < 60, size: strong ? 6 : 4, fill: color(name) },
  };
}
