import type { DecoderPool } from '@parallel-pilot/images/decode/decoder-pool.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import type {
  BlobHash,
  JobId,
  LeaseId,
  PersonId,
  RandomBytes,
  TeamId,
  WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import type { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { WaitReason } from '@parallel-pilot/shared/model/wait-reason.ts';
import type { Call, CallEnd, InstancesPatch } from '@parallel-pilot/shared/protocol/calls.ts';
import type {
  ChunkProgress,
  DayForecast,
  RejectChunks,
  SupposeJob,
  WorkersPatch,
} from '@parallel-pilot/shared/protocol/control.ts';
import type { Reply } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Secrets } from '@parallel-pilot/shared/server/secrets.ts';
import type { Exclusive } from './exclusive.ts';
import type { LoadForecast } from './forecast/load-forecast.ts';
import type { InFlight } from './in-flight.ts';

/** Everything the backend is made of, wired in main.ts and handed down. */
export type Parts = {
  config: ServerConfig;
  secrets: Secrets;
  db: Db;
  blobs: BlobStore;
  /** Storing and removing one blob take turns: nobody is told that a file is here while it goes. */
  blobTurns: Exclusive<BlobHash>;
  /** Small pictures that are being made, by their paths. */
  derived: InFlight<string>;
  clock: Clock;
  random: RandomBytes;
  log: Log;
  /** Whose the farm was first: its one user on loopback. */
  first: { person: PersonId; team: TeamId };
  balancer: BalancerLink;
  /** Of what the farm will have to do, and can. */
  forecast: LoadForecast;
  live: Live;
  /** What keeps in the programs that touch strangers' bytes; found out when it is first asked for. */
  sandbox(): Promise<Sandbox>;
  /** For pictures that are asked for one by one. */
  decoders: DecoderPool;
};

/** The backend's end of `/control`. Hints are dropped while the balancer is away: it reads the database anyway. */
export interface BalancerLink {
  connected(): boolean;
  jobsChanged(jobs: JobId[]): void;
  /** Settings of these were changed, or they were removed. */
  workersChanged(workers: WorkerId[]): void;
  /** `not-ready` as below, `not-allowed` where it is not connected. */
  drainWorker(worker: WorkerId): Promise<Reply>;
  /** No work to come needs these: workers that have them in their caches need not keep them. */
  blobsFreed(hashes: BlobHash[]): void;
  /** `not-ready` when the balancer cannot be reached within 5 s. */
  retryChunks(job: JobId): Promise<Reply>;
  rejectChunks(request: RejectChunks): Promise<Reply>;
  /** Why these jobs wait, of those that do; null while nobody can tell. At most a second old. */
  whyWaiting(jobs: JobId[]): Promise<ReadonlyMap<JobId, WaitReason> | null>;
  /** When these jobs are expected to be done, of those that it works on; null while nobody can tell. */
  endsOf(jobs: JobId[]): Promise<ReadonlyMap<JobId, EndOutlook> | null>;
  /** When a job would be done if it were submitted now; null likewise. */
  supposeJob(supposed: SupposeJob): Promise<EndOutlook | null>;
  /** What is forecast of the farm's load; said again whenever the balancer comes back. */
  tellForecast(forecast: DayForecast): void;
  /** What the balancer last said of each worker and of each chunk under way; empty while it is away. */
  workers(): ReadonlyMap<WorkerId, WorkersPatch['workers'][number]>;
  progress(job: JobId): readonly ChunkProgress[];
  /** Calls what lasts on a worker, under its lease. Never rejects. */
  call(call: Call): Promise<CallEnd>;
  /** What lasts under that lease takes no more calls, and ends. */
  retire(lease: LeaseId): void;
  /** What can be called now, by worker; nothing while the balancer is away. */
  instances(): ReadonlyMap<WorkerId, InstancesPatch['instances']>;
  /** `listener` is called whenever that has changed. */
  onInstances(listener: () => void): void;
  close(): void;
}

/** Tells the pages that watch. */
export interface Live {
  /** The job's row, notes, stages or artifacts changed. */
  jobChanged(job: JobId): void;
  /** The job is gone, and was this team's. */
  jobDeleted(job: JobId, team: TeamId): void;
  /** `everybody`: other teams see it too, or did until now. */
  workersChanged(workers: WorkerId[], everybody: boolean): void;
  backgroundProgressed(job: JobId, fraction: number): void;
  /** There is something new for this person, or they have read it. */
  noticesChanged(person: PersonId): void;
  /** 0..1 while the job is put together, null otherwise. */
  backgroundFractionOf(job: JobId): number | null;
  /** Ends connections of pages, and requests under way, that would not be let in any more: call it once something was revoked. */
  recheck(): void;
}

export type SubmissionRefusal = { ok: false; code: string; message: string; choices?: string[] };

/** The files of an opened source: one file, or an archive expanded into blobs. */
export type OpenedSource =
  | { ok: true; main: RelativePath; files: StageInput[]; fileVersion: string | null }
  | SubmissionRefusal;
