import { z } from 'zod';
import { JobView } from '../kinds/public.ts';
import { RUNS_ON } from '../model/dependencies.ts';
import { JobId, PersonId, PipelineId, StageId, WorkerId } from '../model/ids.ts';
import { JOB_STATUSES } from '../model/job.ts';
import { DEADLINE_CODES, EndRange } from '../model/job-end.ts';
import { strictObject } from '../model/strict-object.ts';
import { LiveLog } from '../protocol/live-log.ts';
import { MeasuredValues } from '../protocol/measured.ts';

/** Of jobs that belong together. */
export const GroupId = z.string().regex(/^[\w-]{1,64}$/, 'expected letters, digits, - and _');

/** Chunks of the job's newest stage by state. */
export const Counts = z.object({
  total: z.int(),
  queued: z.int(),
  leased: z.int(),
  running: z.int(),
  done: z.int(),
  failed: z.int(),
  canceled: z.int(),
});
export type Counts = z.infer<typeof Counts>;

/** By when a job should be done, and how that stands, as a code (model/job-end.ts) and in sentences. */
export const JobDeadline = z.object({
  /** Ms since 1970. */
  at: z.number(),
  code: z.enum(DEADLINE_CODES),
  message: z.string(),
});
export type JobDeadline = z.infer<typeof JobDeadline>;

/** A row of the job list. Times in ms since 1970. */
export const JobSummary = z.object({
  id: JobId,
  /** Who submitted it: more may be done to what is one's own. */
  person: PersonId,
  kind: z.string(),
  name: z.string(),
  state: z.enum(JOB_STATUSES),
  priority: z.int(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** When the first piece of the planned work was begun; before that the job waited. */
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  /** Name of the newest stage. */
  stage: z.string(),
  counts: Counts,
  /** How much of the whole job is done, 0..1, over all its stages. */
  fraction: z.number().min(0).max(1),
  group: z.string().nullable(),
  /** The sweep that it is a part of, by its id: GET /api/v1/sweeps/:id. */
  sweep: z.string().nullable().default(null),
  /** The pipeline that it is a part of: GET /api/v1/pipelines/:id. */
  pipeline: z.object({ id: PipelineId, name: z.string() }).nullable().default(null),
  /** When the last chunk is expected to be done; null while nothing is known. */
  eta: EndRange.nullable().default(null),
  /** Seconds until the middle of that. */
  etaSeconds: z.number().nullable(),
  deadline: JobDeadline.nullable().default(null),
  /** The chunk of the newest stage that was done last, by ordinal; null before the first. */
  newest: z.int().nullable(),
  /** What it stores, in bytes; null until it is over and was measured. */
  bytes: z.number().nullable(),
  /** Why a failed job failed, or why one was canceled where nobody did it: `stopped` by its sweep. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Why nothing of it is worked on, in a sentence; null while something is. Codes: model/wait-reason.ts, `dependencies` and `unknown`. */
  waiting: z.object({ code: z.string(), message: z.string() }).nullable().default(null),
});
export type JobSummary = z.infer<typeof JobSummary>;

/** GET /api/v1/jobs?state=&q=&sort=&limit=&cursor= */
export const JobList = z.object({
  jobs: z.array(JobSummary),
  /** Pass as `cursor` for the next page; null on the last. */
  next: z.string().nullable(),
  total: z.int(),
  /** How many there are in each state, whichever was asked for. */
  states: z.partialRecord(z.enum(JOB_STATUSES), z.int()),
});
export type JobList = z.infer<typeof JobList>;
export const JobListQuery = strictObject({
  state: z.enum([...JOB_STATUSES, 'active', 'over']).optional(),
  group: GroupId.optional(),
  /** Words that all stand in the job's name. */
  q: z.string().max(200).optional(),
  /** `running`: those that are not over on top, newest first. */
  sort: z.enum(['newest', 'oldest', 'running', 'name', 'largest', 'priority']).default('newest'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
});

/** A job that another waits for, or that waits for it; name and state are null where it was deleted. */
export const LinkedJob = z.object({
  id: JobId,
  name: z.string().nullable(),
  state: z.enum(JOB_STATUSES).nullable(),
  /** How the one has to end for the other to run. */
  on: z.enum(RUNS_ON),
});
export type LinkedJob = z.infer<typeof LinkedJob>;

export const JobNote = z.object({
  at: z.number(),
  level: z.enum(['info', 'warning', 'error']),
  code: z.string(),
  message: z.string(),
});
export type JobNote = z.infer<typeof JobNote>;

/** GET /api/v1/jobs/:id */
export const JobDetail = JobSummary.extend({
  stageId: StageId,
  /** Which workers it asks for, with the names of those that it names; null for any. */
  placement: z
    .object({
      pools: z.array(z.string()),
      tags: z.array(z.string()),
      workers: z.array(z.object({ id: WorkerId, name: z.string() })),
      memoryBytes: z.number().nullable(),
    })
    .nullable()
    .default(null),
  /** What only jobs of its kind have. */
  view: JobView,
  notes: z.array(JobNote),
  /** Jobs that it runs after. */
  after: z.array(LinkedJob).default([]),
  /** Jobs that run after it. */
  dependents: z.array(LinkedJob).default([]),
  /** The part of the whole job that its stage is. */
  span: z.object({ from: z.number(), to: z.number() }).default({ from: 0, to: 1 }),
  /** 0..1 while the result is put together. */
  backgroundFraction: z.number().nullable(),
  /** What each worker does for this job at the moment. */
  progress: z.array(
    z.object({
      worker: WorkerId,
      workerName: z.string(),
      ordinal: z.int(),
      label: z.string(),
      fraction: z.number(),
      detail: z.string(),
      values: MeasuredValues.optional(),
      /** What it printed last, of the first hundred; kept up to date by patches. */
      log: LiveLog.optional(),
    }),
  ),
});
export type JobDetail = z.infer<typeof JobDetail>;
