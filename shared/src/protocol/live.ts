import { z } from 'zod';
import { JobId, StageId, WorkerId } from '../model/ids.ts';
import { ChunkChange } from './chunk-change.ts';
import { LiveLog } from './live-log.ts';
import { MeasuredValues } from './measured.ts';

/**
 * Namespace `/live` of the client backend, for browsers and the command line.
 * A page asks the HTTP API first, watches, and asks again after every
 * (re)connect: patches are never needed for correctness.
 */

/**
 * page -> backend as `watch` and `unwatch`, acknowledged with Reply. `jobs` and `workers` are the lists, `notices` what
 * whoever looks is told; a job's id is its page.
 */
export const Watch = z.object({
  room: z.union([z.literal('jobs'), z.literal('workers'), z.literal('notices'), JobId]),
});
export type Watch = z.infer<typeof Watch>;

/**
 * backend -> pages of one job, at most 10 a second. It holds only what is new
 * since the last one: a chunk that is not in `progress` is as far as it was
 * said to be, and `backgroundFraction: null` says that nothing new is known, not that it is over.
 */
export const JobPatch = z.object({
  job: JobId,
  /** The job's row, its stages, notes or artifacts changed: fetch the job again. */
  changed: z.boolean(),
  stage: StageId.nullable(),
  chunks: z.array(ChunkChange),
  /** What the workers of `chunks` are called. */
  names: z.record(WorkerId, z.string()).optional(),
  /** Chunks under way of which something new is known. */
  progress: z.array(
    z.object({
      worker: WorkerId,
      workerName: z.string(),
      ordinal: z.int().nonnegative(),
      label: z.string(),
      fraction: z.number(),
      detail: z.string(),
      values: MeasuredValues.optional(),
      log: LiveLog.optional(),
    }),
  ),
  /** 0..1 while the result is put together, null when there is no news of it. */
  backgroundFraction: z.number().nullable(),
});
export type JobPatch = z.infer<typeof JobPatch>;

/** backend -> room `jobs`, at most 2 a second: these rows changed (fetch the visible ones again). */
export const JobsPatch = z.object({ jobs: z.array(JobId) });
export type JobsPatch = z.infer<typeof JobsPatch>;

/** backend -> room `workers`, at most 2 a second: fetch the workers again. */
export const WorkersChanged = z.object({ workers: z.array(WorkerId) });
export type WorkersChanged = z.infer<typeof WorkersChanged>;

/** backend -> room `notices`: fetch them again. */
export const NoticesChanged = z.object({});

export const LIVE_MESSAGES = {
  job: JobPatch,
  jobs: JobsPatch,
  workers: WorkersChanged,
  notices: NoticesChanged,
} as const;
