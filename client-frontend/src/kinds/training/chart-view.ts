import type { ChartLine } from '../../components/chart-options.ts';

/** How the charts of a training are looked at. */
export type ChartView = {
  /** 0 to below 1: how much of a line's mean so far goes into each point. */
  smoothing: number;
  log: boolean;
  /** Keys of the lines that are switched off. */
  hidden: ReadonlySet<string>;
};

export const PLAIN_VIEW: ChartView = { smoothing: 0, log: false, hidden: new Set() };

export const SMOOTHINGS = [
  { value: '0', label: 'None' },
  { value: '0.6', label: 'Some' },
  { value: '0.9', label: 'Much' },
] as const;

/** The lines as they are to be drawn. */
export function viewed<L extends ChartLine>(lines: readonly L[], { smoothing, log, hidden }: ChartView): L[] {
  return lines
    .filter((line) => !hidden.has(line.key))
    .map((line) => (log ? positive(line) : line))
    .map((line) => (smoothing === 0 ? line : { ...line, ys: smoothed(line.ys, smoothing) }));
}

/** A logarithmic scale has no place for 0 and below. */
function positive<L extends ChartLine>(line: L): L {
  if (line.ys.every((y) => y > 0)) return line;
  const kept = line.ys.flatMap((y, index) => (y > 0 ? [index] : []));
  const of = (values: readonly number[]) => kept.map((index) => values[index] ?? 0);
  return { ...line, xs: of(line.xs), ys: of(line.ys) };
}

/** Whether a logarithmic scale has anything to show of them. */
export const canBeLog = (lines: readonly ChartLine[]): boolean =>
  lines.some(({ ys }) => ys.some((y) => y > 0));

/**
 * The exponential moving average of a line, without the pull towards 0 that it has at its beginning: as
 * TensorBoard smooths (debiased as in Adam, https://arxiv.org/abs/1412.6980, section 3).
 */
export function smoothed(ys: readonly number[], weight: number): number[] {
  let mean = 0;
  let left = 1;
  return ys.map((y) => {
    mean = weight * mean + (1 - weight) * y;
    left *= weight;
    return mean / (1 - left);
  });
}

/** The set with these keys switched: all off, or all on where all were off. */
export function toggled(hidden: ReadonlySet<string>, keys: readonly string[]): ReadonlySet<string> {
  const next = new Set(hidden);
  const off = keys.every((key) => hidden.has(key));
  for (const key of keys) {
    if (off) next.delete(key);
    else next.add(key);
  }
  return next;
}
