import type { SettleWrite, Write } from '../farm/effects.ts';

export type Grant = Extract<Write, { type: 'grant' }>;
export type Start = Extract<Write, { type: 'start' }>;
type Row = Grant | Start | SettleWrite;

/** A statement or two. */
export type Step =
  | { type: 'starts'; starts: Start[] }
  | { type: 'settles'; settles: SettleWrite[] }
  | { type: 'grants'; grants: Grant[] }
  | { type: 'single'; write: Exclude<Write, Row> };

const ROWS = 100;
const CHARACTERS = 1_000_000;

/**
 * Gathers writes of one sort into steps of at most 100 rows and about a
 * megabyte. Within a round a chunk is started, then settled, then granted
 * again, and never the other way round, so sorting by kind keeps each chunk's
 * own order; writes that concern many rows at once keep their place.
 */
export function inSteps(writes: readonly Write[]): Step[] {
  const steps: Step[] = [];
  let rows: Row[] = [];
  for (const write of writes) {
    if (write.type === 'grant' || write.type === 'start' || write.type === 'settle') {
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

const touchesChunks = ({ type }: Exclude<Write, Row>): boolean =>
  type === 'cancel-queued' || type === 'fail-queued' || type === 'retry' || type === 'reject';

function sorted(rows: Row[]): Step[] {
  const starts = rows.filter((row) => row.type === 'start');
  const settles = rows.filter((row) => row.type === 'settle');
  const grants = rows.filter((row) => row.type === 'grant');
  const alike = [...Map.groupBy(settles, ({ outcome, next }) => `${outcome}/${next}`).values()];
  return [
    ...inParts(starts).map((part): Step => ({ type: 'starts', starts: part })),
    ...alike.flatMap(inParts).map((part): Step => ({ type: 'settles', settles: part })),
    ...inParts(grants).map((part): Step => ({ type: 'grants', grants: part })),
  ];
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
  if (row.type !== 'settle') return 200;
  const length = 400 + (row.log?.length ?? 0);
  return row.outcome === 'done' ? length + row.resultJson.length + 300 * row.files.length : length;
}
