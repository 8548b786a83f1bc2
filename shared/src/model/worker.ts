import { z } from 'zod';
import { ChunkId, JobId, PersonId, TeamId, WorkerId } from './ids.ts';
import type { Lending } from './lending.ts';
import { Lent } from './lent.ts';
import { Capabilities, isSandboxed } from './requirement.ts';
import { Offer, Used } from './resources.ts';

export const WorkerStatus = z.enum(['online', 'draining', 'offline']);
export type WorkerStatus = z.infer<typeof WorkerStatus>;

/** For whom a machine works, as whoever lends it says. */
export const WorksFor = z.enum(['owner', 'team', 'everyone']);
export type WorksFor = z.infer<typeof WorksFor>;

/** Whose machine a worker is, and for whom they let it work. */
export type Lender = { person: PersonId; team: TeamId; worksFor: WorksFor };

/** Whose a job is. */
export type JobOwner = { person: PersonId; team: TeamId };

/**
 * For whom a worker works is its lender's to say. Without a sandbox it would lay its machine open to the job: that is
 * for the lender alone to risk.
 */
export function mayWorkFor(lender: Lender, capabilities: Capabilities, job: JobOwner): boolean {
  switch (isSandboxed(capabilities) ? lender.worksFor : 'owner') {
    case 'owner':
      return lender.person === job.person;
    case 'team':
      return lender.team === job.team;
    case 'everyone':
      return true;
  }
}

/** As it was parsed when it was set: a first visit to the site does without what that takes. */
const Terms = z.looseObject({}) as unknown as z.ZodType<Lending>;

/** A worker as people see it: what it is, what it can do, and what it does now. Times in ms since 1970. */
export const WorkerView = z.object({
  id: WorkerId,
  /** What it calls itself; `label` is what people call it instead. */
  name: z.string(),
  label: z.string().nullable(),
  /** Who lends it, and as whose. Null of a machine of another team, as `note`, `tags`, `atStart`, `load` and counts are left out. */
  lender: z
    .object({
      person: z.object({ id: PersonId, name: z.string() }),
      team: z.object({ id: TeamId, name: z.string() }),
    })
    .nullable(),
  worksFor: WorksFor,
  /** Without a sandbox it takes its lender's own jobs alone, whatever `worksFor` says. */
  sandboxed: z.boolean(),
  /** It stays connected and is given nothing. */
  disabled: z.boolean(),
  /** What jobs may ask for. Pools are seen by all who see the machine, tags by its team. */
  tags: z.array(z.string()),
  pools: z.array(z.string()),
  /** What it said at its start, which holds where people have set nothing else. */
  atStart: z.object({ tags: z.array(z.string()), pools: z.array(z.string()) }).nullable(),
  note: z.string(),
  /** The asking person lends it. */
  mine: z.boolean(),
  /** It is one of the asking team's. */
  ofTeam: z.boolean(),
  /** The asking person may rename, disable, drain or remove it. For whom it works only its lender may widen. */
  mayChange: z.boolean(),
  status: WorkerStatus,
  slots: z.int(),
  /** What its chunks may use up together, by now; null of one that was last seen before workers said so. */
  offer: Offer.nullable(),
  /** What they do use up. Null while offline, and of a machine of another team. */
  used: Used.nullable(),
  /** Whether it is lent now; null while offline. */
  lent: Lent.nullable(),
  /** How much of it is lent at most, as it was started and as it was set on the site: both hold. Null of a machine of another team. */
  lending: z.object({ atStart: Terms, onSite: Terms }).nullable(),
  capabilities: Capabilities,
  machine: z.object({ os: z.string(), cpus: z.int(), memoryBytes: z.number() }),
  /** Null while offline, and of a machine of another team. cpu from 0 to 1. */
  load: z.object({ cpu: z.number(), memoryUsedBytes: z.number(), load: z.number() }).nullable(),
  connectedAt: z.number().nullable(),
  lastSeenAt: z.number(),
  /** Null of a machine of another team. */
  chunksDone: z.int().nullable(),
  chunksFailed: z.int().nullable(),
  /** Chunks of the asking team's jobs. */
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
