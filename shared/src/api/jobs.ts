import { z } from 'zod';
import { JobView, submissionWith } from '../kinds/public.ts';
import { CHUNK_STATUSES } from '../model/chunk.ts';
import { ChunkId, JobId, LeaseId, PersonId, StageId, WorkerId } from '../model/ids.ts';
import { JOB_STATUSES } from '../model/job.ts';
import { LEASE_OUTCOMES, LEASE_PURPOSES } from '../model/lease.ts';
import { Placement } from '../model/placement.ts';
import { Asked } from '../model/resources.ts';
import { strictObject } from '../model/strict-object.ts';
import { LiveLog } from '../protocol/live-log.ts';
import { MeasuredValues } from '../protocol/measured.ts';

const GroupId = z.string().regex(/^[\w-]{1,64}$/, 'expected letters, digits, - and _');

/** POST /api/v1/jobs */
export const CreateJob = submissionWith({
  name: z.string().min(1).max(200).optional(),
  priority: z.int().min(-100).max(100).default(0),
  /** Equal for jobs that belong together, such as those of a sweep; an id of the client's making. */
  group: GroupId.optional(),
  /** Which workers may do it; any, where it is left out. */
  placement: Placement.optional(),
  /** What each of its chunks asks of a worker. Left out, a slot's part of it. */
  asked: Asked.optional(),
});
export type CreateJob = z.input<typeof CreateJob>;

/** PUT /api/v1/jobs/:id/settings; each kind parses its own. */
export const GiveSettings = z.record(z.string(), z.unknown());
/** PATCH /api/v1/jobs/:id */
export const PatchJob = strictObject({
  name: z.string().min(1).max(200).optional(),
  priority: z.int().min(-100).max(100).optional(),
});

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
  /** Seconds until the last chunk, from measured chunk times; null while nothing is known. */
  etaSeconds: z.number().nullable(),
  /** The chunk of the newest stage that was done last, by ordinal; null before the first. */
  newest: z.int().nullable(),
  /** What it stores, in bytes; null until it is over and was measured. */
  bytes: z.number().nullable(),
  /** Why a failed job failed. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Why nothing of it is worked on, in a sentence; null while something is. Codes: model/wait-reason.ts, and `unknown`. */
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

/** A chunk of the newest stage. */
export const ChunkView = z.object({
  id: ChunkId,
  ordinal: z.int(),
  label: z.string(),
  /** The number that people know it by, where its kind has numbers. */
  number: z.int().nullable(),
  state: z.enum(CHUNK_STATUSES),
  attempts: z.int(),
  worker: z.object({ id: WorkerId, name: z.string() }).nullable(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ChunkView = z.infer<typeof ChunkView>;

/** GET /api/v1/jobs/:id/chunks?state=&offset=&limit= */
export const ChunkList = z.object({ chunks: z.array(ChunkView), total: z.int() });
export type ChunkList = z.infer<typeof ChunkList>;
export const ChunkListQuery = strictObject({
  state: z.enum(CHUNK_STATUSES).optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

/** One letter for each chunk state, in ordinal order: a grid of 100,000 cells in 100 KB. */
export const STATE_LETTERS = {
  queued: 'q',
  leased: 'l',
  running: 'r',
  done: 'd',
  failed: 'f',
  canceled: 'c',
} as const;

/** GET /api/v1/jobs/:id/chunks/states. `numbers[i]` is the number that people know the chunk of ordinal i by, null for a stage without numbers. */
export const ChunkStates = z.object({
  stage: StageId,
  name: z.string(),
  states: z.string(),
  numbers: z.array(z.int()).nullable(),
});
export type ChunkStates = z.infer<typeof ChunkStates>;

/** GET /api/v1/jobs/:id/chunks/:ordinal: the chunk with every attempt and its log. */
export const ChunkDetail = ChunkView.extend({
  attemptsMade: z.array(
    z.object({
      lease: LeaseId,
      worker: z.object({ id: WorkerId, name: z.string() }),
      grantedAt: z.number(),
      startedAt: z.number().nullable(),
      endedAt: z.number().nullable(),
      purpose: z.enum(LEASE_PURPOSES),
      outcome: z.enum(LEASE_OUTCOMES).nullable(),
      problem: z.object({ code: z.string(), message: z.string() }).nullable(),
      log: z.string().nullable(),
    }),
  ),
});
export type ChunkDetail = z.infer<typeof ChunkDetail>;

/** GET /api/v1/jobs/:id/timeline?limit=: the newest spans of work, for worker x time. */
export const Timeline = z.object({
  spans: z.array(
    z.object({
      worker: WorkerId,
      workerName: z.string(),
      ordinal: z.int(),
      label: z.string(),
      from: z.number(),
      /** Null while it runs. */
      to: z.number().nullable(),
      purpose: z.enum(LEASE_PURPOSES),
      outcome: z.enum(LEASE_OUTCOMES).nullable(),
    }),
  ),
});
export type Timeline = z.infer<typeof Timeline>;

/** GET /api/v1/jobs/:id/log */
export const JobLog = z.object({
  notes: z.array(JobNote),
  failures: z.array(z.object({ label: z.string(), log: z.string() })),
  /** What the attempts that are over printed last, in the order in which they ended; of kinds whose programs speak to people. */
  prints: z
    .array(z.object({ label: z.string(), worker: z.string(), endedAt: z.number(), log: z.string() }))
    .default([]),
  /** For `after`, to ask for what was printed since; null where nothing ever is. */
  next: z.string().nullable().default(null),
});
export const JobLogQuery = z.object({
  after: z
    .string()
    .regex(/^\d{1,15} lse_[0-9a-z]{8,40}$/)
    .optional(),
});
export type JobLog = z.infer<typeof JobLog>;

/** GET /api/v1/jobs/:id/artifacts; each is at /api/v1/jobs/:id/artifacts/:name. `size` is null for one made while it is sent. */
export const ArtifactList = z.object({
  artifacts: z.array(
    z.object({
      name: z.string(),
      mediaType: z.string(),
      size: z.number().nullable(),
      url: z.string(),
    }),
  ),
});
export type ArtifactList = z.infer<typeof ArtifactList>;
