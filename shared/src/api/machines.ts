import { z } from 'zod';
import { PUBLIC_KINDS } from '../kinds/public.ts';
import { ChunkId, JobId, JoinTokenId, LeaseId, PersonId, WorkerId } from '../model/ids.ts';
import { LEASE_OUTCOMES } from '../model/lease.ts';
import { Lending } from '../model/lending.ts';
import { Labels, Placement } from '../model/placement.ts';
import { oneLine, printable } from '../model/printable.ts';
import { Asked } from '../model/resources.ts';
import { strictObject } from '../model/strict-object.ts';
import { WorkerView, WorksFor } from '../model/worker.ts';

const line = (most: number) =>
  z.string().max(512).transform(oneLine).pipe(z.string().trim().min(1).max(most));

/** What machines join with: made by a person for one of their teams. The token itself is shown once, when it is made. */
export const JoinTokenView = z.object({
  id: JoinTokenId,
  name: z.string(),
  person: z.object({ id: PersonId, name: z.string() }),
  /** For whom machines that join with it work at first. */
  worksFor: WorksFor,
  /** Null for any number. */
  usesLeft: z.int().nullable(),
  /** Machines that joined with it, those that were removed since left out. */
  workers: z.int(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  /** Whether a machine could join with it now. */
  state: z.enum(['good', 'used-up', 'expired']),
  mine: z.boolean(),
});
export type JoinTokenView = z.infer<typeof JoinTokenView>;

/** GET /api/v1/join-tokens: those of the team that were not revoked, newest first. */
export const JoinTokenList = z.object({ joinTokens: z.array(JoinTokenView) });
export type JoinTokenList = z.infer<typeof JoinTokenList>;

/** How many machines one token lets in at most, where it is not any number. */
export const MOST_USES = 10_000;

/** POST /api/v1/join-tokens */
export const NewJoinToken = strictObject({
  name: line(128),
  worksFor: WorksFor.default('team'),
  /** Machines that may join with it; null for any number. */
  uses: z.int().min(1).max(MOST_USES).nullable().default(1),
  /** When it ends, in ms since 1970; null for never. Machines that have joined stay. */
  expiresAt: z.int().positive().nullable().default(null),
});
export type NewJoinToken = z.infer<typeof NewJoinToken>;

/** Its reply, the one time that the token is shown: never logged, never stored. */
export const MadeJoinToken = z.object({ joinToken: JoinTokenView, token: z.string() });
export type MadeJoinToken = z.infer<typeof MadeJoinToken>;

/** PATCH /api/v1/workers/{id}; what is left out stays. The reply is the WorkerView. */
export const WorkerChange = strictObject({
  /** What people call it; null for what it calls itself. */
  label: line(128).nullable().optional(),
  /** These stand from now on, however it is started; null for what it says at its start. */
  tags: Labels.nullable().optional(),
  pools: Labels.nullable().optional(),
  /** How much of it is lent, and when; what it was started with holds as well. Null for nothing more than that. */
  lending: Lending.nullable().optional(),
  note: z.string().max(4_000).transform(printable).optional(),
  worksFor: WorksFor.optional(),
  /** It stays connected and is given nothing more; what it has begun it finishes. */
  disabled: z.boolean().optional(),
  /** It finishes what it has begun, delivers it, and ends. Only `true`: it is started again on the machine. */
  draining: z.literal(true).optional(),
});
export type WorkerChange = z.infer<typeof WorkerChange>;
export const ChangedWorker = WorkerView;

/** POST /api/v1/workers/fit: asked before a job is submitted. `settings` are those of the kind, as far as they are chosen. */
export const FitQuestion = strictObject({
  kind: z.enum(Object.keys(PUBLIC_KINDS)).optional(),
  settings: z.unknown().optional(),
  placement: Placement.default({}),
  /** What each part of it asks for. */
  asked: Asked.default({}),
});
export type FitQuestion = z.input<typeof FitQuestion>;

/** Its reply, of the workers that are connected and that the team may know of. */
export const WorkerFit = z.object({
  connected: z.int(),
  fitting: z.int(),
  /** The two in a sentence. */
  message: z.string(),
  /** What those lack that do not fit: "is not in the pool film". The first fifty. */
  others: z.array(z.object({ worker: z.object({ id: WorkerId, name: z.string() }), why: z.string() })),
  /** What there is now to be chosen from. */
  offer: z.object({
    pools: z.array(z.string()),
    tags: z.array(z.string()),
    workers: z.array(z.object({ id: WorkerId, name: z.string() })),
  }),
});
export type WorkerFit = z.infer<typeof WorkerFit>;

/** GET /api/v1/workers/join: how another machine joins, for those who may lend machines. */
export const JoinLine = z.object({
  /** False while the farm listens on this machine alone: another machine cannot reach it. */
  reachable: z.boolean(),
  /**
   * To be run one after another on a machine that has nothing yet but git and Node: clone, set-up, join. Without the
   * clone where the farm does not know where it came from. They hold no secret: the last one asks for a join token
   * (POST /api/v1/join-tokens), which would stand in the list of processes otherwise.
   */
  lines: z.array(z.string()).min(2).max(3),
  /** Address at which workers join. */
  join: z.url(),
  /** The farm's own, for whoever sits at a farm on loopback; null for all others. */
  token: z.string().nullable(),
});
export type JoinLine = z.infer<typeof JoinLine>;

/** One attempt of a chunk on a worker. */
export const WorkerAttempt = z.object({
  lease: LeaseId,
  /** Null for a job of another team: of that no more is told than that the machine was at work. */
  job: z.object({ id: JobId, name: z.string(), chunk: ChunkId, label: z.string() }).nullable(),
  grantedAt: z.number(),
  startedAt: z.number().nullable(),
  /** Null while it is under way. */
  endedAt: z.number().nullable(),
  outcome: z.enum(LEASE_OUTCOMES).nullable(),
  /** Of the team's own jobs only. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** The last lines that the program printed. Of the team's own jobs only. */
  log: z.string().nullable(),
});
export type WorkerAttempt = z.infer<typeof WorkerAttempt>;

/** GET /api/v1/workers/{id}/history?before=…: newest first. Of a machine of another team: what it did for the asking one. */
export const WorkerHistory = z.object({
  attempts: z.array(WorkerAttempt),
  /** To be given as `before` for the next page; null on the last one. */
  next: z.string().nullable(),
});
export type WorkerHistory = z.infer<typeof WorkerHistory>;

/** GET /api/v1/workers/{id}/load: measured every five minutes, kept for a day, oldest first. Of the team's own machines. */
export const WorkerLoad = z.object({
  samples: z.array(
    z.object({
      at: z.number(),
      /** 0 to 1 over all cores. */
      cpu: z.number(),
      memoryUsedBytes: z.number(),
      /** As `os.loadavg()[0]`. */
      load: z.number(),
      /** Slots that were busy. */
      busy: z.int(),
    }),
  ),
});
export type WorkerLoad = z.infer<typeof WorkerLoad>;
