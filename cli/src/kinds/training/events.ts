import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { z } from 'zod';

/** How far a training is, as part of every `job.progress` of one. */
export const TrainingProgress = z.object({
  /** The round that is under way or was the last; 0 before the first. */
  round: z.int(),
  rounds: z.int(),
  shards: z.int(),
  /** Of the newest merged model on the held-out rows; null without one. */
  metrics: Metrics.nullable(),
  best: z.object({ round: z.int(), name: z.string(), value: z.number() }).nullable(),
});
export type TrainingProgress = z.infer<typeof TrainingProgress>;

/** One training of a sweep and what it came to; `metrics` and `folder` are null where there is no model. */
const SweptJob = z.object({
  job: z.string(),
  variant: z.string(),
  params: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  state: z.string(),
  round: z.int(),
  metrics: Metrics.nullable(),
  folder: z.string().nullable(),
});
export type SweptJob = z.infer<typeof SweptJob>;

/** What only trainings tell. */
export const TRAINING_EVENTS = [
  /** `rounds`: all of them are one step; what happens within is told by `round.done`. */
  z.object({
    event: z.literal('train.step'),
    job: z.string(),
    step: z.enum(['split', 'environment', 'initialize', 'rounds', 'evaluate']),
    rounds: z.int(),
    shards: z.int(),
  }),
  /** A merged model. `metrics` are its own on the held-out rows, or else those of the shards, weighted by samples. */
  z.object({
    event: z.literal('round.done'),
    job: z.string(),
    round: z.int(),
    rounds: z.int(),
    metrics: Metrics,
    held_out: z.boolean(),
    shards_done: z.int(),
    shards: z.int(),
    /** What all its shards sent and were sent, with what they keep; null of rounds of older farms. */
    bytes_sent: z.int().nullable(),
    bytes_received: z.int().nullable(),
    /** Of those sent, what was on its way while steps were made. */
    bytes_early: z.int().nullable(),
    seconds: z.number().nullable(),
  }),
  /** The job has come to its end; `without`: what the model was trained without, in words that follow "trained". */
  z.object({ event: z.literal('train.over'), job: z.string(), without: z.string().nullable() }),
  /** `round`: of which it is; `best`: no other was better; `last`: the path of the last round's where it is another. */
  z.object({
    event: z.literal('model.saved'),
    job: z.string(),
    path: z.string(),
    size: z.number(),
    round: z.int().nullable(),
    best: z.boolean(),
    last: z.string().nullable(),
  }),
  /** The merged model of one round, of a job that need not be over. */
  z.object({
    event: z.literal('round.saved'),
    job: z.string(),
    round: z.int(),
    rounds: z.int(),
    best: z.boolean(),
    metrics: Metrics.nullable(),
    path: z.string(),
    size: z.number(),
  }),
  /** Names of all files that were saved, the model among them. */
  z.object({
    event: z.literal('files.saved'),
    job: z.string(),
    folder: z.string(),
    files: z.array(z.string()),
  }),
  /** The model is there. The last event of a run that ends with exit code 0, unless it is a sweep. */
  z.object({
    event: z.literal('train.done'),
    job: z.string(),
    seconds: z.number(),
    model: z.string(),
    folder: z.string(),
    metrics: Metrics.nullable(),
  }),
  /** One training of a sweep that does not go on, as others are better; its figures are those of its last round. */
  z.object({ event: z.literal('train.stopped'), job: z.string(), why: z.string() }),
  /** All trainings of a sweep, the best first; `metric` is what they are sorted by, null when nothing was measured. */
  z.object({
    event: z.literal('sweep.done'),
    seconds: z.number(),
    metric: z.object({ name: z.string(), goal: z.enum(['max', 'min']) }).nullable(),
    jobs: z.array(SweptJob),
    csv: z.string(),
  }),
] as const;
