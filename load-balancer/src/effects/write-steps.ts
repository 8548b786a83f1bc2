import type { EndWrite, MoveWrite, Write } from '../farm/effects.ts';

export type Grant = Extract<Write, { type: 'grant' }>;
export type Start = Extract<Write, { type: 'start' }>;
type Row = Grant | Start | EndWrite | MoveWrite;

/** A statement or two. */
export type Step =
  | { type: 'starts'; starts: Start[] }
  /** All of one outcome, and all with or all without the time at which they began. */
  | { type: 'ends'; ends: EndWrite[] }
  | { type: 'grants'; grants: Grant[] }
  /** All from and to one state. */
  | { type: 'moves'; moves: MoveWrite[] }
  | { type: 'single'; write: Exclude<Write, Row> };

const ROWS = 1_000;
const CHARACTERS = 1_000_000;

/**
 * Gathers writes of one sort into steps of at most a thousand rows and about a
 * megabyte. A lease that began and ended within the round is written once, and one that was
 * granted did neither, so sorting by kind keeps each lease's own order; of a
 * chunk that moved several times only where it came from and its last state
 * are written. Writes that concern many rows at once keep their place.
 */
export function inSteps(writes: readonly Write[]): Step[] {
  const steps: Step[] = [];
  let rows: Row[] = [];
  for (const write of writes) {
    if (isRow(write)) {
      rows.push(write);
      continue;
    }
    if (touchesChunks(write)) {
      steps.push(...sorted(rows));
      rows = [];
    }
    steps.push({ type: 'single', write });
  }
  return [...steps, ...sorted(rows)];
}

const isRow = (write: Write): write is Row =>
  write.type === 'grant' || write.type === 'start' || write.type === 'end' || write.type === 'move';

const touchesChunks = ({ type }: Exclude<Write, Row>): boolean =>
  type === 'cancel-queued' ||
  type === 'fail-queued' ||
  type === 'retry' ||
  type === 'reject' ||
  type === 'drop-checkpoint';

function sorted(rows: Row[]): Step[] {
  const begun = rows.filter((row) => row.type === 'start');
  const over = endsOf(rows, begun);
  const ended = new Set(over.map(({ lease }) => lease));
  const starts = begun.filter(({ lease }) => !ended.has(lease));
  const ends = Map.groupBy(over, ({ outcome, startedAt }) => `${outcome}/${startedAt !== null}`);
  const grants = rows.filter((row) => row.type === 'grant');
  const moves = Map.groupBy(lastOf(rows), ({ from, state }) => `${from}/${state}`);
  return [
    ...inParts(starts).map((part): Step => ({ type: 'starts', starts: part })),
    ...[...ends.values()].flatMap(inParts).map((part): Step => ({ type: 'ends', ends: part })),
    ...inParts(grants).map((part): Step => ({ type: 'grants', grants: part })),
    ...[...moves.values()].flatMap(inParts).map((part): Step => ({ type: 'moves', moves: part })),
  ];
}

function endsOf(rows: readonly Row[], begun: readonly Start[]): EndWrite[] {
  const at = new Map(begun.map((start) => [start.lease, start.at]));
  const ends = rows.filter((row) => row.type === 'end');
  return ends.map((end) => (at.has(end.lease) ? { ...end, startedAt: at.get(end.lease) ?? null } : end));
}

function lastOf(rows: Row[]): MoveWrite[] {
  const last = new Map<MoveWrite['chunk'], MoveWrite>();
  for (const row of rows) {
    if (row.type === 'move') last.set(row.chunk, { ...row, from: last.get(row.chunk)?.from ?? row.from });
  }
  return [...last.values()];
}

function inParts<T extends Row>(rows: T[]): T[][] {
  const parts: T[][] = [];
  let part: T[] = [];
  let size = 0;
  for (const row of rows) {
    const more = lengthOf(row);
    if (part.length === ROWS || (part.length > 0 && size + more > CHARACTERS)) {
      parts.push(part);
      part = [];
      size = 0;
    }
    part.push(row);
    size += more;
  }
  return part.length === 0 ? parts : [...parts, part];
}

function lengthOf(row: Row): number {
  if (row.type !== 'end') return 200;
  const length = 400 + (row.said?.log.length ?? 0);
  return row.result === null ? length : length + row.result.json.length + 300 * row.result.files.length;
}
