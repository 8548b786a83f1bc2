import { z } from 'zod';
import { JobId } from '../../model/ids.ts';
import { Metrics } from './metrics.ts';
import { RoundBytes } from './round-bytes.ts';
import { TrainingSettings } from './settings.ts';

const Count = z.int().nonnegative();

/** What the API shows of a training, beside what every job has. */
export const TrainingView = z.object({
  kind: z.literal('training'),
  /** Names of the files as they were uploaded. */
  script: z.string(),
  /** Null for a script that makes or reads its own. */
  data: z.string().nullable(),
  /** The name under which workers lend their data, and what these are called, in the order of the shards; null for none. */
  localData: z
    .object({ name: z.string(), workers: z.array(z.string()) })
    .nullable()
    .default(null),
  /** Of the file that it is measured on; null where a part of the data is. */
  test: z.string().nullable().default(null),
  /** What it started from, where that is not what the script makes. */
  from: z
    .object({ fileName: z.string(), of: z.object({ job: JobId, round: Count }).nullable() })
    .nullable()
    .default(null),
  settings: TrainingSettings,
  /** How the data was split; null before. */
  split: z
    .object({ rows: Count, shards: z.array(Count), holdout: Count, classes: Count.nullable() })
    .nullable(),
  /** The round that is under way or was the last; 0 before the first. */
  round: Count,
  /** Of the newest merged model on the held-out part, or of the result on the shards' local data; null without one. */
  metrics: Metrics.nullable(),
  /** The best round so far for the metric that counts. */
  best: z.object({ round: Count, name: z.string(), value: z.number() }).nullable(),
  /** The round whose model is the result, once that is decided: the best, or the last where nothing was measured. */
  delivered: Count.nullable().default(null),
  /** What the rounds so far went on without, in words that follow "trained"; null where nothing is missing. */
  without: z.string().nullable().default(null),
});
export type TrainingView = z.infer<typeof TrainingView>;

/** GET /api/v1/jobs/:id/rounds?after=&limit=: rounds in their order, from the one after `after`. */
export const RoundList = z.object({
  rounds: z.array(
    z.object({
      round: Count,
      state: z.enum(['training', 'merging', 'done']),
      /** Shards of which the merge took a result; those that are done so far while it trains. */
      shardsDone: Count,
      shards: Count,
      /** Of the merged model on the held-out part; null before and without. */
      metrics: Metrics.nullable(),
      /** Weighted by samples over the shards; empty before the first is done. */
      shardMetrics: Metrics,
      /** Of the checked merged model, while it is kept: GET /api/v1/jobs/:id/rounds/:round/model, an .npz. */
      model: z.object({ size: Count }).nullable().default(null),
      /** The best so far for the metric that counts. */
      best: z.boolean().default(false),
      /** What its shards sent and were sent, together: weights, updates, and what they keep; null while it trains. */
      bytes: RoundBytes.nullable().default(null),
      /** From its planning to its merge; null while it runs. */
      seconds: z.number().nullable(),
      startedAt: z.number(),
    }),
  ),
  total: Count,
});
export type RoundList = z.infer<typeof RoundList>;
/** A round by its number, or the best so far for the metric that counts, or the last that is merged. */
export const WhichRound = z.union([z.enum(['best', 'last']), z.coerce.number().int().min(1).max(10_000)]);
export type WhichRound = z.infer<typeof WhichRound>;
export const RoundListQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
});

/**
 * GET /api/v1/jobs/:id/curves?after=: what was reported, for curves. `x` counts rounds: 2.5 is the middle of
 * the third. A line has at most 2,000 points, thinned out evenly; `after` asks for what came after that round.
 */
export const Curves = z.object({
  /** Names of the metrics, in the order they were first seen. */
  names: z.array(z.string()),
  /** One for each shard, and one with `shard` null for the merged model. */
  lines: z.array(
    z.object({
      shard: Count.nullable(),
      points: z.array(z.object({ x: z.number(), values: Metrics })),
    }),
  ),
});
export type Curves = z.infer<typeof Curves>;
export const CurvesQuery = z.object({ after: z.coerce.number().int().min(0).default(0) });
