import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import type { Escalation } from '@parallel-pilot/shared/model/escalation.ts';
import type {
  ChunkId,
  JobId,
  JoinTokenId,
  LeaseId,
  PersonId,
  StageId,
  TeamId,
  WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { LeasePurpose } from '@parallel-pilot/shared/model/lease.ts';
import type { Lent } from '@parallel-pilot/shared/model/lent.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import type { Lender } from '@parallel-pilot/shared/model/worker.ts';
import type { DayForecast, RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import type { RefusalCode } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type {
  Done,
  Failed,
  Hello,
  Preempted,
  Released,
  ResultFile,
} from '@parallel-pilot/shared/protocol/workers.ts';
import type { ChunkStanding } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { KnownWorker } from '@parallel-pilot/shared/server/db/workers.ts';
import type { ChunkTable } from './chunk-table.ts';
import type { ChunkLimits, SessionId, Stage } from './farm.ts';

/** Names the acknowledgement that waits for an answer. */
export type ReplyTo = number;

/** What was said or has come to pass; together with what the database was asked about it beforehand. */
export type FarmEvent =
  /** `known` is what is stored of it, null for a worker never seen before. */
  | {
      type: 'hello';
      session: SessionId;
      reply: ReplyTo;
      /** Where the connection comes from. */
      address: string;
      hello: Omit<Hello, 'identity'>;
      identityHash: string;
      known: KnownWorker | null;
      pass: Pass;
    }
  /** Settings of workers as they are stored; of those that are not connected nothing follows. */
  | { type: 'workers-read'; known: KnownWorker[] }
  | { type: 'drain-worker'; reply: ReplyTo; worker: WorkerId }
  /** A heartbeat says so for the first time, or no longer. */
  | { type: 'draining'; session: SessionId; draining: boolean }
  /** A heartbeat says that the worker is lent from now on, or no longer. */
  | { type: 'lent'; session: SessionId; lent: Lent }
  | { type: 'started'; session: SessionId; lease: LeaseId }
  | { type: 'done'; session: SessionId; reply: ReplyTo; done: Done; fault: ResultFault | null }
  | { type: 'failed'; session: SessionId; reply: ReplyTo; failed: Failed }
  | {
      type: 'preempted';
      session: SessionId;
      reply: ReplyTo;
      preempted: Preempted;
      fault: FileFault | null;
    }
  | { type: 'released'; session: SessionId; reply: ReplyTo; released: Released }
  | { type: 'leaving'; session: SessionId; reply: ReplyTo }
  /** `clean`: the worker closed it on purpose. */
  | { type: 'disconnected'; session: SessionId; clean: boolean }
  /** The worker's answer to an assign; null is an acceptance. */
  | { type: 'assign-refused'; session: SessionId; lease: LeaseId; code: RefusalCode | 'unanswered' }
  | { type: 'reclaim-answered'; session: SessionId; lease: LeaseId; given: boolean }
  /** The chunk of a lease just granted cannot be read from the database; its worker was told nothing. */
  | { type: 'unreadable'; lease: LeaseId }
  | JobsRead
  | { type: 'limits-read'; limits: ChunkLimits }
  /** What admins set for the whole farm. */
  | { type: 'farm-settings-read'; escalation: Escalation }
  | { type: 'load-forecast'; forecast: DayForecast }
  | { type: 'retry'; reply: ReplyTo; job: JobId; stage: StageId | null; read: JobsRead }
  | { type: 'reject'; reply: ReplyTo; reject: RejectChunks; standing: StoredChunk[] }
  /** The state was read again from the database; `delivered` are the leases that were sent to workers. */
  | { type: 'reloaded'; delivered: { worker: WorkerId; lease: LeaseId }[] }
  | { type: 'tick' };

/** What a worker was let in by. */
export type Pass =
  /** The farm's own token; `lender` is who brings workers that were never seen before. */
  | { type: 'farm'; lender: Lender }
  | { type: 'credential'; worker: WorkerId }
  | { type: 'join-token'; token: TokenUses | null; fresh: { credential: string; hash: string } };

/** A token that is good but for its uses. One object for all that come with it in one round, who count them down. */
export type TokenUses = { id: JoinTokenId; lender: Lender; usesLeft: number | null };

/**
 * Why a result cannot be taken: a file that its lease did not upload, one that
 * is not stored any more, or a report that is not what was asked for.
 */
export type ResultFault = FileFault | { code: 'result-invalid'; message: string };
export type FileFault = { code: 'not-uploaded' | 'blob-missing' };

/** Rows of the jobs in `asked`; a job that has none is gone. `loaded` are the open stages not in mind so far, and closed ones that are not finished. */
export type JobsRead = {
  type: 'jobs-read';
  asked: JobId[];
  jobs: JobFacts[];
  openStages: StageId[];
  loaded: LoadedStage[];
  /** Chunks that were added to stages in mind, and how many those have now. */
  grown?: { stage: StageId; size: number; added: ChunkStanding[] }[];
};

export type JobFacts = {
  id: JobId;
  team: TeamId;
  person: PersonId;
  kind: string;
  status: JobStatus;
  priority: number;
  createdAt: number;
  deadline: number | null;
};

export type LoadedStage = {
  id: StageId;
  job: JobId;
  name: string;
  plannedAt: number;
  spec: unknown;
  inputs: StageInput[];
  requirements: Requirement[];
  affinity: string;
  asked: Asked;
  span: Stage['span'];
  /** The fewest of its chunks that may be worked on together; left out where each is by itself. */
  gangMin?: number | null;
  /** Of each chunk in order the only worker that may run it; null, or left out, where any may. */
  pins?: readonly WorkerId[] | null;
  /** See StagePlan. */
  lasting?: boolean;
  chunks: ChunkTable;
  /** Open leases, in the order in which they were granted. */
  held: HeldChunk[];
  /** Leases that were taken back, the oldest first, and the checkpoint of each where it is kept. */
  takenBack: { ordinal: number; lease: LeaseId; checkpoint: ResultFile | null }[];
  failures: { chunk: ChunkId; worker: WorkerId; code: string; message: string; peakMemoryBytes: number }[];
  /** The most that a done chunk of it used. */
  memorySeen: number;
  succeeded: WorkerId[];
  busyTimes: number[];
};

export type HeldChunk = {
  ordinal: number;
  lease: LeaseId;
  worker: WorkerId;
  purpose: LeasePurpose;
  gang?: number | null;
  startedAt: number | null;
};

export type StoredChunk = {
  chunk: ChunkId;
  job: JobId;
  stage: StageId;
  ordinal: number;
  status: ChunkStatus;
  attempts: number;
  /** Whose result stands, and its worker: of one that is done. */
  lease: LeaseId | null;
  worker: WorkerId | null;
};
