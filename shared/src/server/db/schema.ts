import type { ColumnType, Generated } from 'kysely';
import type { ChunkStatus } from '../../model/chunk.ts';
import type { BlobHash, ChunkId, JobId, LeaseId, OwnerId, StageId, WorkerId } from '../../model/ids.ts';
import type { JobStatus } from '../../model/job.ts';
import type { WorkerStatus } from '../../model/worker.ts';

/**
 * The tables, one schema for SQLite and MySQL/MariaDB. Times are milliseconds
 * since 1970. Columns that end in `_json` hold JSON text. Who writes what:
 * the client backend writes owners, sessions, jobs, job_notes, job_blobs, background_tasks,
 * stages, blobs, artifacts and new chunks; the load balancer writes workers, leases, and a
 * chunk after it was planned. All BIGINTs stay below 2^53.
 */
export type Database = {
  owners: OwnersTable;
  jobs: JobsTable;
  job_notes: JobNotesTable;
  job_blobs: JobBlobsTable;
  background_tasks: BackgroundTasksTable;
  stages: StagesTable;
  chunks: ChunksTable;
  leases: LeasesTable;
  workers: WorkersTable;
  blobs: BlobsTable;
  artifacts: ArtifactsTable;
  sessions: SessionsTable;
};

export type OwnersTable = { id: OwnerId; name: string; created_at: number };

export type JobsTable = {
  id: JobId;
  owner_id: OwnerId;
  kind: string;
  name: string;
  /** The JobState, taken apart: `state_from` for paused, `state_code` and `state_message` for failed. */
  state: JobStatus;
  state_from: string | null;
  state_code: string | null;
  state_message: string | null;
  /** Higher first; 0 by default. */
  priority: number;
  spec_json: string;
  /** Settings the user gave after the probe. */
  given_json: string | null;
  /** Settings the work was planned with; defaults while the job is `ready`. */
  settings_json: string | null;
  created_at: number;
  updated_at: number;
  finished_at: number | null;
  /** Equal for jobs that were submitted together, such as those of a sweep. */
  group_id: string | null;
  /** When its first planned chunk was started; the look into its file before that is not counted. */
  started_at: number | null;
  /** What it stores: its inputs, results and artifacts. Null until it is over and was measured. */
  bytes: number | null;
};

export type JobNotesTable = {
  id: Generated<number>;
  job_id: JobId;
  at: number;
  level: 'info' | 'warning' | 'error';
  code: string;
  message: string;
};

/** Which job keeps which blob from being deleted. Frames are found through chunks. */
export type JobBlobsTable = { job_id: JobId; hash: BlobHash };

/**
 * Work on a job by a backend itself, while it is under way, and for as long as
 * it is remembered that processes died of it, perhaps.
 */
export type BackgroundTasksTable = {
  job_id: JobId;
  /** The process that is at it. Null when none is. */
  process: string | null;
  started_at: number;
  /** It is taken for dead when this has passed without a sign of life. Null while none is at it. */
  expires_at: ColumnType<number | null, number | null | undefined, number | null>;
  /** Processes that died while it was under way, since it last came to an end. */
  deaths: ColumnType<number, number | undefined, number>;
};

export type StagesTable = {
  id: StageId;
  job_id: JobId;
  /** 0 for the first stage of a job. */
  ordinal: number;
  name: string;
  /** `open` until the backend has looked at its results and planned what follows. */
  state: 'open' | 'closed';
  spec_json: string;
  inputs_json: string;
  requirements_json: string;
  affinity: string;
  chunk_count: number;
  /** The stage may close with so many chunks done once `quorum_after_ms` have passed since the first was started. */
  quorum: number | null;
  quorum_after_ms: number | null;
  /** Which part of the whole job the stage is, 0..1. */
  span_from: ColumnType<number, number | undefined, number>;
  span_to: ColumnType<number, number | undefined, number>;
  /** Counted from 1 where stages of a name come again and again. */
  iteration: ColumnType<number | null, number | null | undefined, number | null>;
  planned_at: number;
  closed_at: number | null;
  /** What its kind found in results of which some are made again. */
  memory_json: ColumnType<string | null, string | null | undefined, string | null>;
};

export type ChunksTable = {
  id: ChunkId;
  stage_id: StageId;
  job_id: JobId;
  ordinal: number;
  spec_json: string;
  state: ChunkStatus;
  attempts: number;
  /** Present lease while leased or running, the successful one when done. */
  lease_id: LeaseId | null;
  worker_id: WorkerId | null;
  started_at: number | null;
  finished_at: number | null;
  /** Of a done chunk: what the worker reported, and its files (ResultFile[]). */
  result_json: string | null;
  files_json: string | null;
  /** Of a failed chunk. */
  failure_code: string | null;
  failure_message: string | null;
};

/** One attempt of one chunk on one worker; kept as history. */
export type LeasesTable = {
  id: LeaseId;
  chunk_id: ChunkId;
  job_id: JobId;
  worker_id: WorkerId;
  granted_at: number;
  started_at: number | null;
  ended_at: number | null;
  outcome: 'done' | 'failed' | 'expired' | 'released' | 'canceled' | null;
  failure_code: string | null;
  failure_message: string | null;
  busy_ms: number | null;
  /** The last lines of the child's output. */
  log: string | null;
};

export type WorkersTable = {
  id: WorkerId;
  /** SHA-256 of the worker's identity secret: another machine cannot take its id. */
  identity_hash: string;
  owner_id: OwnerId;
  name: string;
  status: WorkerStatus;
  slots: number;
  capabilities_json: string;
  machine_json: string;
  first_seen_at: number;
  connected_at: number | null;
  last_seen_at: number;
  chunks_done: ColumnType<number, number | undefined, number>;
  chunks_failed: ColumnType<number, number | undefined, number>;
};

export type BlobsTable = {
  hash: BlobHash;
  size: number;
  media_type: string;
  created_at: number;
  /** How often it was handed in: of one that came once, nobody but the one who brought it knows. */
  claims: Generated<number>;
};

export type ArtifactsTable = {
  job_id: JobId;
  name: string;
  hash: BlobHash;
  size: number;
  media_type: string;
  created_at: number;
};

/** A sign-in on the site. `token_hash` is a SHA-256; the token itself is in the browser's cookie alone. */
export type SessionsTable = {
  token_hash: string;
  owner_id: OwnerId;
  created_at: number;
  expires_at: number;
};
