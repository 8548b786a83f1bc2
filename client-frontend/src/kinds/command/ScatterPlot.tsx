import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { formatMeasured } from '../../components/format.ts';

const HEIGHT = 260;

type ScatterPlotProps = {
  /** 2,001 at most, in any order. */
  points: readonly { x: number; y: number }[];
  /** The plot in words. */
  told: string;
};

/** Points over a plane, on a canvas. */
export function ScatterPlot({ points, told }: ScatterPlotProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const target = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew in the colours of another scheme
  useEffect(() => {
    if (target.current === null || width === 0) return;
    const sorted = points.toSorted((a, b) => a.x - b.x);
    const chart = new uPlot(
      { ...optionsIn(target.current), width, height: HEIGHT },
      [sorted.map(({ x }) => x), sorted.map(({ y }) => y)],
      target.current,
    );
    return () => chart.destroy();
  }, [points, width, scheme]);
  return (
    <div ref={ref} style={{ height: HEIGHT }} role="img" aria-label={told}>
      <div ref={target} />
    </div>
  );
}

function optionsIn(element: HTMLElement): Omit<uPlot.Options, 'width' | 'height'> {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--muted'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    gap: 6,
    values: (_, at) => at.map((value) => formatMeasured(value)),
  };
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 28, space: 60 },
      { ...axis, size: 58, space: 36 },
    ],
    series: [
      {},
      {
        paths: () => null,
        points: { show: true, size: 5, fill: color('--brand'), stroke: color('--brand') },
      },
    ],
  };
}
