import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { alignLines } from './align-lines.ts';
import { type ChartAxis, type ChartLine, chartOptions, drawnLines, isDense } from './chart-options.ts';
import classes from './LineChart.module.css';

/** A chart, and the lines and colours it was made for. */
type Plot = { chart: uPlot; looks: string };

type LineChartProps = {
  lines: readonly ChartLine[];
  height: number;
  /** The chart in words. */
  told: string;
  /** A logarithmic y; what is not above 0 is left out. */
  log?: boolean;
  /** The same object each time. */
  axis?: ChartAxis;
  /** What stands under the pointer, as a place on x; null when it is gone. */
  onHover?(x: number | null): void;
};

/** Lines over a common x, on a canvas: it stays quick where elements for each point would not. */
export function LineChart({ lines, height, told, log = false, axis, onHover }: LineChartProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const target = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  const plot = useRef<Plot | null>(null);
  const hover = useRef(onHover);
  useEffect(() => {
    hover.current = onHover;
  });
  const looks = lines
    .map((line) => `${line.key} ${line.color} ${line.strong} ${line.dashed} ${isDense(line)}`)
    .concat(scheme, String(log))
    .join('|');
  const ready = width > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew with other lines or colours; size and points follow below
  useLayoutEffect(() => {
    if (target.current === null || !ready) return;
    const options = chartOptions(lines, target.current, { log, axis, onHover: (x) => hover.current?.(x) });
    const made = new uPlot(
      { ...options, width, height },
      alignLines(drawnLines(lines, width)),
      target.current,
    );
    plot.current = { chart: made, looks };
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [looks, ready, axis]);
  useEffect(() => plot.current?.chart.setSize({ width, height }), [width, height]);
  useSteadyData(plot, { lines, looks, width });
  return (
    <div ref={ref} className={classes.chart} style={{ height }} role="img" aria-label={told}>
      <div ref={target} />
    </div>
  );
}

type Shown = { lines: readonly ChartLine[]; looks: string; width: number };

/** Share of the time that drawing may take. */
const MOST_BUSY = 1 / 6;

/** Hands new points to the chart, seldom enough that drawing much leaves time for everything else. */
function useSteadyData(plot: RefObject<Plot | null>, { lines, looks, width }: Shown): void {
  const drawn = useRef({ at: 0, cost: 0 });
  const newest = useRef({ lines, looks, width });
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    newest.current = { lines, looks, width };
    const draw = () => {
      timer.current = null;
      // A chart made for other lines is about to be replaced.
      if (plot.current?.looks !== newest.current.looks) return;
      const at = performance.now();
      plot.current.chart.setData(alignLines(drawnLines(newest.current.lines, newest.current.width)));
      // The chart draws in a task of its own right after this one.
      queueMicrotask(() => {
        drawn.current = { at, cost: performance.now() - at };
      });
    };
    const { at, cost } = drawn.current;
    const wait = at + cost / MOST_BUSY - performance.now();
    timer.current ??= setTimeout(draw, Math.max(0, wait));
  }, [plot, lines, looks, width]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
}
