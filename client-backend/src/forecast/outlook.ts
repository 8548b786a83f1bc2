import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';

/**
 * What is to be expected of the farm from `now` on. Work is in milliseconds of a slot of a worker of speed 1.
 * The first quarter is the one that it is now; of it what is left counts.
 */
export type Outlook = {
  now: number;
  /** Work that waits or is under way. */
  waitingMs: number;
  /** Of each quarter hour, work that will come and work that workers can do; after the last one all stays as in that. */
  quarters: readonly { at: number; demandMs: number; capacityMs: number }[];
};

type Piece = { from: number; to: number; demandMs: number; capacityMs: number };

/** What workers can do between two times, of which none is before now. */
export function expectedCapacity(outlook: Outlook, from: number, to: number): number {
  let sum = 0;
  for (const piece of piecesOf(outlook, to)) {
    const part = Math.min(to, piece.to) - Math.max(from, piece.from);
    if (part > 0) sum += (piece.capacityMs * part) / (piece.to - piece.from);
  }
  return sum;
}

/** How far ahead times are looked for. */
export const LONGEST_MS = 14 * 24 * 60 * 60_000;

/** When workers will have done so much work, if they do nothing else from `from` on; null where that is not within two weeks. */
export function waitUntil(outlook: Outlook, workMs: number, from = outlook.now): number | null {
  let left = workMs;
  if (left <= 0) return from;
  for (const piece of piecesOf(outlook, outlook.now + LONGEST_MS)) {
    if (piece.to <= from) continue;
    const start = Math.max(from, piece.from);
    const rate = piece.capacityMs / (piece.to - piece.from);
    if (rate * (piece.to - start) >= left) return start + left / rate;
    left -= rate * (piece.to - start);
  }
  return null;
}

/** When all that waits and all that comes meanwhile will be done; null where that is not within the forecast's time. */
export function queueEnds(
  outlook: Outlook,
  more: { speed: number; from: number } | null = null,
): number | null {
  let queue = outlook.waitingMs;
  if (queue <= 0) return outlook.now;
  const end = outlook.quarters.at(-1);
  for (const piece of piecesOf(outlook, end === undefined ? outlook.now : end.at + QUARTER_MS)) {
    const helped = more === null ? 0 : Math.max(0, piece.to - Math.max(piece.from, more.from)) * more.speed;
    const done = piece.capacityMs + helped;
    const left = queue + piece.demandMs - done;
    if (left <= 0) return piece.from + ((piece.to - piece.from) * queue) / (done - piece.demandMs);
    queue = left;
  }
  return null;
}

/** From now to `until`; the first is what is left of its quarter, and those beyond the forecast are like its last. */
function* piecesOf({ now, quarters }: Outlook, until: number): Generator<Piece> {
  const last = quarters.at(-1);
  for (const { at, demandMs, capacityMs } of quarters) {
    const [from, to] = [Math.max(now, at), at + QUARTER_MS];
    if (to <= from) continue;
    const share = (to - from) / QUARTER_MS;
    yield { from, to, demandMs: demandMs * share, capacityMs: capacityMs * share };
  }
  if (last === undefined) return;
  for (let from = Math.max(now, last.at + QUARTER_MS); from < until; from += QUARTER_MS)
    yield { from, to: from + QUARTER_MS, demandMs: last.demandMs, capacityMs: last.capacityMs };
}
