import { z } from 'zod';
import { JobId, PersonId } from '../../../model/ids.ts';
import { JOB_STATUSES } from '../../../model/job.ts';
import { Metrics } from '../metrics.ts';
import { Parameter } from '../settings.ts';
import { Sweep } from './search.ts';

const Count = z.int().nonnegative();

/** A training of a sweep. */
const SweptTraining = z.object({
  job: JobId,
  /** From 1, in the order in which they were planned. */
  number: z.int().positive(),
  name: z.string(),
  params: z.record(z.string(), Parameter),
  state: z.enum(JOB_STATUSES),
  /** What the sweep has it wait for, or stopped it for; `sentence` is for people. Null where neither is so. */
  because: z.object({ code: z.enum(['turn', 'rung', 'stopped']), sentence: z.string() }).nullable(),
  /** Rounds that are merged. */
  round: Count,
  rounds: Count,
  /** Of the newest merged model. */
  metrics: Metrics.nullable(),
  /** By the metric that counts. */
  best: z.object({ round: Count, name: z.string(), value: z.number() }).nullable(),
  /** Of the merged models, for curves: all up to 200, of more rounds each n-th. */
  curve: z.array(z.object({ round: Count, metrics: Metrics })),
});
export type SweptTraining = z.infer<typeof SweptTraining>;

/** GET /api/v1/sweeps/:id */
export const SweepView = z.object({
  /** The group of its trainings. */
  id: z.string(),
  name: z.string(),
  person: PersonId,
  createdAt: z.number(),
  /** `running` while a training of it is not over; `completed` where one came to its end. */
  state: z.enum(['running', 'completed', 'failed', 'canceled']),
  sweep: Sweep,
  /** Rounds after which its runs are compared. */
  rungs: z.array(Count),
  /** By what it compares; null before anything was measured. */
  metric: z.object({ name: z.string(), goal: z.enum(['max', 'min']) }).nullable(),
  /** Why it ended before its trainings did. */
  problem: z.string().nullable(),
  /** The best training so far. */
  best: JobId.nullable(),
  trainings: z.array(SweptTraining),
});
export type SweepView = z.infer<typeof SweepView>;
