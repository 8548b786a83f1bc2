import { setImmediate as pause } from 'node:timers/promises';
import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { TrainResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { Curves } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { resultFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import { iterationsOf, type TimedStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { roundOf } from './round-stages.ts';

type Point = Curves['lines'][number]['points'][number];

const MOST_POINTS = 2_000;
/** Results that are looked at for one answer; and of so many the steps within, for a short training. */
const MOST_RESULTS = 16_000;
const MOST_HISTORIES = 1_500;
/** Results that are in memory, and in one query, at a time. */
const PAGE = 500;

/**
 * What the shards and the merges of a training reported, for curves. A long
 * training is thinned out before anything is read: evenly chosen rounds, of
 * which the database gives the final figures alone.
 */
export async function curvesOf(db: Db, job: JobId, after: number): Promise<Curves> {
  const trains = await iterationsOf(db, job, 'train', { after });
  const merges = (await iterationsOf(db, job, 'merge', { after })).filter(
    (stage) => stage.closed_at !== null,
  );
  const shards = trains[0]?.chunk_count ?? 0;
  const lines = new Map<number | null, Point[]>();
  const add = (shard: number | null, points: Point[]) => {
    const line = lines.get(shard) ?? [];
    line.push(...points);
    lines.set(shard, line);
  };
  const most = Math.max(1, Math.min(MOST_POINTS, Math.floor(MOST_RESULTS / Math.max(1, shards))));
  const each =
    trains.length * shards <= MOST_HISTORIES ? Math.floor(MOST_POINTS / Math.max(1, trains.length)) : 1;
  await forPages(thinned(trains, most), Math.max(1, Math.floor(PAGE / Math.max(1, shards))), (stages) =>
    readShards(db, stages, each, add),
  );
  await forPages(thinned(merges, MOST_POINTS), PAGE, (stages) => readMerges(db, stages, add));
  const ordered = [...lines].sort(([a], [b]) => (a ?? -1) - (b ?? -1));
  return {
    names: namesOf(ordered.map(([, points]) => points)),
    lines: ordered.map(([shard, points]) => ({ shard, points })),
  };
}

/** Evenly chosen ones in their order, the last among them. */
export function thinned<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  const step = all.length / most;
  return Array.from({ length: most }, (_, index) => all[Math.ceil((index + 1) * step) - 1] as T);
}

async function forPages<T>(all: T[], size: number, act: (page: T[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += size) {
    await act(all.slice(at, at + size));
    // SQLite answers at once; other requests have their turn in between.
    await pause();
  }
}

type Add = (shard: number | null, points: Point[]) => void;

const Steps = TrainResult.pick({ history: true, metrics: true });

async function readShards(db: Db, stages: TimedStage[], each: number, add: Add): Promise<void> {
  const rounds = new Map(stages.map((stage) => [stage.id, roundOf(stage)]));
  const paths: Record<string, string> =
    each > 1 ? { metrics: '$.metrics', history: '$.history' } : { metrics: '$.metrics' };
  for (const { stage_id, ordinal, fields } of await inOrder(db, stages, paths)) {
    const result = Steps.safeParse({ history: [], ...fields }).data;
    const round = rounds.get(stage_id) ?? 0;
    if (result === undefined) continue;
    const steps = result.history.map(({ at, values }) => ({ x: round - 1 + at, values }));
    // The figures of the end stand at the end, in the place of a step that was reported there.
    const end = Object.keys(result.metrics).length > 0 ? [{ x: round, values: result.metrics }] : [];
    const before = end.length > 0 ? steps.filter((step) => step.x < round) : steps;
    add(ordinal, thinned([...before, ...end], each));
  }
}

async function readMerges(db: Db, stages: TimedStage[], add: Add): Promise<void> {
  const rounds = new Map(stages.map((stage) => [stage.id, roundOf(stage)]));
  for (const { stage_id, fields } of await inOrder(db, stages, { metrics: '$.metrics' })) {
    const metrics = Metrics.safeParse(fields.metrics).data;
    if (metrics !== undefined) add(null, [{ x: rounds.get(stage_id) ?? 0, values: metrics }]);
  }
}

/** By round, then by shard. */
async function inOrder<Name extends string>(db: Db, stages: TimedStage[], paths: Record<Name, string>) {
  const places = new Map(stages.map((stage, place) => [stage.id, place]));
  const rows = await resultFields(
    db,
    stages.map((stage) => stage.id),
    paths,
  );
  return rows.sort((a, b) => (places.get(a.stage_id) ?? 0) - (places.get(b.stage_id) ?? 0));
}

function namesOf(lines: Point[][]): string[] {
  const names = new Set<string>();
  for (const points of lines)
    for (const { values } of points) for (const name of Object.keys(values)) names.add(name);
  return [...names];
}
