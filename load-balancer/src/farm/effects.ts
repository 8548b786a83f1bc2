import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
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
import type { LeaseOutcome, LeasePurpose } from '@parallel-pilot/shared/model/lease.ts';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import type { Lender, WorkerStatus } from '@parallel-pilot/shared/model/worker.ts';
import type { Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Hello, ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { ChunkMove } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { LoadSample } from '@parallel-pilot/shared/server/db/load.ts';
import type { WorkerLoadSample } from '@parallel-pilot/shared/server/db/worker-history.ts';
import type { ReplyTo } from './events.ts';
import type { Lease, SessionId } from './farm.ts';

/** What a handler wants done. All writes of one round are committed together before anything else is performed. */
export type Effect =
  | { type: 'write'; write: Write }
  | { type: 'reply'; to: ReplyTo; reply: Reply }
  /** `credential`: for a join token. */
  | {
      type: 'welcome';
      to: ReplyTo;
      session: SessionId;
      drop: LeaseId[];
      credential: string | null;
      lending: Lending;
    }
  /** The lease is not open: accepted once more when it ended with this outcome, refused as stale otherwise. */
  | { type: 'reply-by-outcome'; to: ReplyTo; lease: LeaseId; outcome: 'done' | 'failed' | 'preempted' }
  | { type: 'assign'; lease: Lease; hangLimitMs: number }
  | { type: 'reclaim'; session: SessionId; lease: LeaseId }
  | { type: 'preempt'; session: SessionId; lease: LeaseId; noticeMs: number }
  | { type: 'revoke'; session: SessionId; leases: LeaseId[] }
  | { type: 'close'; session: SessionId; why: 'replaced' | 'silent' | 'removed' }
  | { type: 'drain'; session: SessionId }
  | { type: 'lend'; session: SessionId; lending: Lending }
  | {
      type: 'chunk-changed';
      job: JobId;
      stage: StageId;
      ordinal: number;
      status: ChunkStatus;
      worker: WorkerId | null;
      /** Of the whole stage, after this change. */
      settled: boolean;
    }
  | { type: 'worker-changed'; worker: WorkerId }
  | { type: 'log'; level: 'info' | 'warn'; fields: { event: string } & Record<string, unknown> };

/** A spread in a call would fail at some 100,000 effects, which is what canceling a long job gives. */
export function append(effects: Effect[], more: readonly Effect[]): void {
  for (const effect of more) effects.push(effect);
}

/** One change in the database, of rows as this process has them in mind, so that a write out of date finds none. */
export type Write =
  | {
      type: 'grant';
      chunk: ChunkId;
      lease: LeaseId;
      job: JobId;
      worker: WorkerId;
      purpose: LeasePurpose;
      gang: number | null;
      at: number;
    }
  | { type: 'start'; chunk: ChunkId; lease: LeaseId; at: number }
  | EndWrite
  | MoveWrite
  | { type: 'cancel-queued'; stage: StageId; at: number }
  | { type: 'fail-queued'; stage: StageId; code: string; message: string; at: number }
  | { type: 'retry'; stage: StageId }
  | {
      type: 'reject';
      chunk: ChunkId;
      lease: LeaseId;
      attempts: number;
      failure: { code: string; message: string } | null;
      at: number;
    }
  | {
      type: 'worker';
      hello: Omit<Hello, 'identity' | 'instance' | 'blobs' | 'leases' | 'lent' | 'gang'>;
      identityHash: string;
      lender: Lender;
      /** `takes`: a use of the token is counted. */
      joined: { token: JoinTokenId; credentialHash: string; takes: boolean } | null;
      /** It was removed, and may come back. */
      revives: boolean;
      at: number;
    }
  /** What the lease left is wanted no more. */
  | { type: 'drop-checkpoint'; lease: LeaseId }
  | { type: 'worker-status'; worker: WorkerId; status: WorkerStatus; at: number }
  | { type: 'workers-seen'; workers: WorkerId[]; at: number }
  /** What the farm came to in quarter hours, and what of the work that came in each is open; `forget`: old ones go. */
  | { type: 'load'; samples: LoadSample[]; open: Map<number, number>; forget: boolean; at: number }
  | { type: 'worker-loads'; samples: WorkerLoadSample[]; at: number }
  /** Workers that are gone and never did anything. */
  | { type: 'forget-idle'; at: number };

/** A lease ends. */
export type EndWrite = {
  type: 'end';
  chunk: ChunkId;
  lease: LeaseId;
  worker: WorkerId;
  outcome: LeaseOutcome;
  at: number;
  /** When it began, where that was not written: it was over before its worker said so. */
  startedAt: number | null;
  /** For whom, and how many milliseconds of the worker it took. */
  team: TeamId;
  person: PersonId;
  spentMs: number;
  /** Work that was done of its chunk, where it counts, and the quarter hour in which that was planned. */
  work: { quarter: number; ms: number } | null;
  failure: { code: string; message: string } | null;
  /** Of what the worker said itself: null where it said nothing. */
  said: { busyMs: number; peakMemoryBytes: number; log: string } | null;
  /** Of one that is done; the checkpoint of one that was taken back is its only file. */
  result: { json: string; files: ResultFile[] } | null;
};

/** A chunk's new state. Of several in one round only the last is written. */
export type MoveWrite = { type: 'move'; at: number } & ChunkMove;
