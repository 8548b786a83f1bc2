import { z } from 'zod';
import { CHUNK_STATUSES } from '../model/chunk.ts';
import { ChunkId, LeaseId, StageId, WorkerId } from '../model/ids.ts';
import { LEASE_OUTCOMES, LEASE_PURPOSES } from '../model/lease.ts';
import { strictObject } from '../model/strict-object.ts';
import { JobNote } from './jobs.ts';

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
