import { z } from 'zod';
import { ChunkId, JobId, WorkerId } from './ids.ts';
import { Capabilities } from './requirement.ts';

export const WorkerStatus = z.enum(['online', 'draining', 'offline']);
export type WorkerStatus = z.infer<typeof WorkerStatus>;

/** For whom a machine works, as whoever lends it says. */
export const WorksFor = z.enum(['owner', 'team', 'everyone']);
export type WorksFor = z.infer<typeof WorksFor>;

/** A worker as people see it: what it is, what it can do, and what it does now. Times in ms since 1970. */
export const WorkerView = z.object({
  id: WorkerId,
  name: z.string(),
  status: WorkerStatus,
  slots: z.int(),
  capabilities: Capabilities,
  machine: z.object({ os: z.string(), cpus: z.int(), memoryBytes: z.number() }),
  /** Null while offline. cpu from 0 to 1. */
  load: z.object({ cpu: z.number(), memoryUsedBytes: z.number(), load: z.number() }).nullable(),
  connectedAt: z.number().nullable(),
  lastSeenAt: z.number(),
  chunksDone: z.int(),
  chunksFailed: z.int(),
  running: z.array(
    z.object({
      chunk: ChunkId,
      job: JobId,
      jobName: z.string(),
      /** "Part 12" */
      label: z.string(),
      fraction: z.number(),
      detail: z.string(),
    }),
  ),
});
export type WorkerView = z.infer<typeof WorkerView>;
