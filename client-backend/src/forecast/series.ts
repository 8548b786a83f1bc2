import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';

export const DAY = 96;
export const WEEK = 7 * DAY;

/** Values of quarter hours that follow each other; `from` is when the first began, in ms since 1970. */
export type Series = { from: number; values: Float64Array };

/** When the quarter hour after the last one begins. */
export const endOf = ({ from, values }: Series): number => from + values.length * QUARTER_MS;

/** Place of a quarter hour in its day (UTC) and week, as the seasons count them. */
export const dayPlace = (at: number): number => Math.floor(at / QUARTER_MS) % DAY;
export const weekPlace = (at: number): number => Math.floor(at / QUARTER_MS) % WEEK;

/** The quarter hours from that of the oldest point up to the one that `end` lies in, which is left out; what has no point is 0. */
export function seriesOf(points: readonly { at: number; value: number }[], end: number): Series {
  const from = points.reduce((least, { at }) => Math.min(least, at), quarterOf(end));
  const values = new Float64Array((quarterOf(end) - from) / QUARTER_MS);
  for (const { at, value } of points) {
    const place = (at - from) / QUARTER_MS;
    if (place < values.length) values[place] = value;
  }
  return { from, values };
}
