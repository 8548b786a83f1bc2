import { z } from 'zod';
import { EndOutlook } from '../model/end-outlook.ts';
import { BlobHash, ChunkId, JobId, PersonId, StageId, TeamId, WorkerId } from '../model/ids.ts';
import { Lent } from '../model/lent.ts';
import { Requirement } from '../model/requirement.ts';
import { Asked, Offer, Used } from '../model/resources.ts';
import { WaitReason } from '../model/wait-reason.ts';
import { WorkerStatus } from '../model/worker.ts';
import { Call, InstancesPatch, Retire } from './calls.ts';
import { ChunkChange } from './chunk-change.ts';
import { LiveLog } from './live-log.ts';
import { MeasuredValues } from './measured.ts';
import { Heartbeat } from './workers.ts';

/**
 * Namespace `/control`, between the client backend and the load balancer.
 * Everything here is a hint over what the database says, but for the
 * requests that are acknowledged with a Reply.
 */
export const ControlAuth = z.object({ protocol: z.int(), token: z.string().min(1).max(512) });

/** backend -> balancer: rows of these jobs changed (planned, paused, resumed, canceled, priority, deleted): read them again. */
export const JobsChanged = z.object({ jobs: z.array(JobId).min(1).max(1_000) });
export type JobsChanged = z.infer<typeof JobsChanged>;

/** backend -> balancer: settings of these workers changed, or they were removed: read them again. */
export const WorkersChanged = z.object({ workers: z.array(WorkerId).min(1).max(1_000) });
export type WorkersChanged = z.infer<typeof WorkersChanged>;

/** backend -> balancer, acknowledged: this worker finishes what it has begun, and ends. */
export const DrainWorker = z.object({ worker: WorkerId });
export type DrainWorker = z.infer<typeof DrainWorker>;

export const MOST_FREED = 1_000;
/** backend -> balancer: no work to come needs these blobs; workers are told to `forget` them. */
export const BlobsFreed = z.object({ blobs: z.array(BlobHash).min(1).max(MOST_FREED) });
export type BlobsFreed = z.infer<typeof BlobsFreed>;

/** backend -> balancer, acknowledged: failed and canceled chunks of the job's open stage are queued again, attempts at 0. */
export const RetryChunks = z.object({ job: JobId });
export type RetryChunks = z.infer<typeof RetryChunks>;

/**
 * backend -> balancer, acknowledged: these done chunks are made again, because
 * their stored results are unusable or because the user asked for it. What is
 * unusable counts as an attempt; what was asked for has all of them again.
 */
export const RejectChunks = z.object({
  job: JobId,
  because: z.enum(['unusable', 'asked']),
  chunks: z
    .array(z.object({ chunk: ChunkId, message: z.string().max(500) }))
    .min(1)
    .max(1_000),
});
export type RejectChunks = z.infer<typeof RejectChunks>;

export const MOST_ASKED = 1_000;
/** backend -> balancer, acknowledged with WaitReasons: why these jobs wait. Of those that do not, and unknown ones, nothing is said. */
export const WhyWaiting = z.object({ jobs: z.array(JobId).min(1).max(MOST_ASKED) });
export type WhyWaiting = z.infer<typeof WhyWaiting>;
export const WaitReasons = z.object({ reasons: z.array(z.object({ job: JobId, reason: WaitReason })) });
export type WaitReasons = z.infer<typeof WaitReasons>;

/** backend -> balancer, acknowledged with JobEnds: when these jobs are expected to be done. Of unknown ones nothing is said. */
export const ForeseeEnds = z.object({ jobs: z.array(JobId).min(1).max(MOST_ASKED) });
export const JobEnds = z.object({ ends: z.array(EndOutlook.extend({ job: JobId })) });
export type JobEnds = z.infer<typeof JobEnds>;

/** Most chunks that a job may have which is only asked about. */
export const MOST_SUPPOSED = 1_000_000;
/** backend -> balancer, acknowledged with an EndOutlook: when a job would be done if it were submitted now. */
export const SupposeJob = z.object({
  team: TeamId,
  person: PersonId,
  kind: z.string().max(64),
  /** Name of the stage that is most of it. */
  stage: z.string().max(64),
  priority: z.int(),
  deadline: z.number().nullable(),
  chunks: z.int().min(1).max(MOST_SUPPOSED),
  requirements: z.array(Requirement).max(200),
  asked: Asked,
  /** How long chunks like its own took, and where; none where nothing is known. */
  seen: z.array(z.object({ worker: WorkerId, ms: z.number().positive() })).max(200),
});
export type SupposeJob = z.infer<typeof SupposeJob>;

/** backend -> balancer: what is forecast of the farm's load for a day from `at` on, in quarter hours; see `load_by_quarter` for the unit of work. */
export const DayForecast = z.object({
  at: z.number(),
  quarters: z
    .array(z.object({ demandMs: z.number().nonnegative(), capacityMs: z.number().nonnegative() }))
    .min(1)
    .max(96),
});
export type DayForecast = z.infer<typeof DayForecast>;

export const ChunkProgress = z.object({
  worker: WorkerId,
  ordinal: z.int().nonnegative(),
  fraction: z.number().min(0).max(1),
  detail: z.string(),
  values: MeasuredValues.optional(),
  log: LiveLog.optional(),
});
export type ChunkProgress = z.infer<typeof ChunkProgress>;

/** balancer -> backend, after commit, at most 10 a second for each stage: what changed since the last one. */
export const StagePatch = z.object({
  job: JobId,
  stage: StageId,
  changes: z.array(ChunkChange),
  progress: z.array(ChunkProgress),
  /** All chunks of the stage are settled: look what comes next. */
  settled: z.boolean(),
});
export type StagePatch = z.infer<typeof StagePatch>;

/** balancer -> backend, at most 2 a second: workers that came, went, or reported. `capabilities` are in the database. */
export const WorkersPatch = z.object({
  workers: z.array(
    z.object({
      worker: WorkerId,
      status: WorkerStatus,
      load: Heartbeat.omit({ draining: true, offer: true, lent: true }).nullable(),
      /** What its chunks may use up together by now, and what they do. Null of one that is away. */
      room: z.object({ offer: Offer, used: Used }).nullable(),
      lent: Lent.nullable(),
      running: z.array(z.object({ chunk: ChunkId, job: JobId, fraction: z.number(), detail: z.string() })),
    }),
  ),
});
export type WorkersPatch = z.infer<typeof WorkersPatch>;

export const CONTROL_REQUESTS = {
  'jobs-changed': JobsChanged,
  'workers-changed': WorkersChanged,
  'drain-worker': DrainWorker,
  'blobs-freed': BlobsFreed,
  'retry-chunks': RetryChunks,
  'reject-chunks': RejectChunks,
  'why-waiting': WhyWaiting,
  'foresee-ends': ForeseeEnds,
  'suppose-job': SupposeJob,
  'load-forecast': DayForecast,
  call: Call,
  retire: Retire,
} as const;
export const CONTROL_HINTS = {
  'stage-patch': StagePatch,
  'workers-patch': WorkersPatch,
  'instances-patch': InstancesPatch,
} as const;
