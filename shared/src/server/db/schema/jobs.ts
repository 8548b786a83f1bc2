import type { ColumnType, Generated } from 'kysely';
import type { ChunkStatus } from '../../../model/chunk.ts';
import type { RunsOn } from '../../../model/dependencies.ts';
import type {
  BlobHash,
  CallId,
  ChunkId,
  FunctionId,
  JobId,
  LeaseId,
  PersonId,
  StageId,
  TeamId,
  TemplateId,
  WorkerId,
} from '../../../model/ids.ts';
import type { JobStatus } from '../../../model/job.ts';
import type { LeaseOutcome, LeasePurpose } from '../../../model/lease.ts';

export type JobsTable = {
  id: JobId;
  team_id: TeamId;
  /** Who submitted it. */
  person_id: PersonId;
  kind: string;
  name: string;
  /** The JobState, taken apart: `state_from` for paused, `state_code` and `state_message` for failed, `state_code` for canceled by the farm. */
  state: JobStatus;
  state_from: string | null;
  state_code: string | null;
  state_message: string | null;
  /** Higher first; 0 by default. */
  priority: number;
  spec_json: string;
  /** What was submitted, while it names results of jobs that are not there yet; the spec is only what can be said without them. */
  unprepared_json: ColumnType<string | null, string | null | undefined, string | null>;
  /** Settings the user gave when the job waited for them. */
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
  /** What whoever submitted it has its chunks ask for (Asked). */
  asked_json: ColumnType<string | null, string | null | undefined, string | null>;
  /** What it stores: its inputs, results and artifacts. Null until it is over and was measured. */
  bytes: number | null;
  /** Which workers it asks for (Placement); null for any. */
  placement_json: string | null;
  /** By when it should be done; null for no matter when. */
  deadline: ColumnType<number | null, number | null | undefined, number | null>;
  /** What was last told of it, see DeadlineStep. */
  deadline_told: ColumnType<string | null, string | null | undefined, string | null>;
};

/** Which jobs a job runs after. The one that is waited for may be gone. */
export type JobDependenciesTable = { job_id: JobId; depends_on: JobId; runs_on: RunsOn };

export type JobNotesTable = {
  id: Generated<number>;
  job_id: JobId;
  at: number;
  level: 'info' | 'warning' | 'error';
  code: string;
  message: string;
};

/** Which job keeps which blob from being deleted. Results are found through chunks. */
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
  /** What each of its chunks asks for (Asked); null for what any chunk does. */
  asked_json: ColumnType<string | null, string | null | undefined, string | null>;
  /** Its chunks are worked on together, so many at least; null where each is by itself. */
  gang_min: ColumnType<number | null, number | null | undefined, never>;
  /** Of each chunk in order the only worker that may run it; null where any may. */
  pins_json: ColumnType<string | null, string | null | undefined, never>;
  /** 1 where its chunks last until they are told to end, and more may be added; null elsewhere. */
  lasting: ColumnType<number | null, number | null | undefined, never>;
};

export type ChunksTable = {
  id: ChunkId;
  stage_id: StageId;
  job_id: JobId;
  ordinal: number;
  spec_json: string;
  state: ChunkStatus;
  attempts: number;
  /** Of a done chunk: whose result stands. */
  accepted_lease_id: LeaseId | null;
  started_at: number | null;
  finished_at: number | null;
  /** Of a failed chunk. */
  failure_code: string | null;
  failure_message: string | null;
};

/** One attempt of one chunk on one worker, of which a chunk may have several at once; kept as history. */
export type LeasesTable = {
  id: LeaseId;
  chunk_id: ChunkId;
  job_id: JobId;
  worker_id: WorkerId;
  purpose: ColumnType<LeasePurpose, LeasePurpose | undefined, never>;
  granted_at: number;
  started_at: number | null;
  ended_at: number | null;
  outcome: LeaseOutcome | null;
  failure_code: string | null;
  failure_message: string | null;
  busy_ms: number | null;
  /** The last lines of the child's output. */
  log: string | null;
  /** The most memory that it was seen to use, or was ended at. */
  peak_memory_bytes: ColumnType<number | null, number | null | undefined, number | null>;
  /** Of one that is done and not discarded: what the worker reported, and its files (ResultFile[]). */
  result_json: ColumnType<string | null, string | null | undefined, string | null>;
  files_json: ColumnType<string | null, string | null | undefined, string | null>;
  /** How many of its stage were granted together, to work together; null for one by itself. */
  gang_size: ColumnType<number | null, number | null | undefined, never>;
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

/** Packages that were installed for a team's jobs. `key_hash`: of what was asked for; `hash`: the file of them. */
export type EnvironmentsTable = {
  team_id: TeamId;
  key_hash: string;
  hash: BlobHash;
  environment_json: string;
  used_at: number;
};

/** Blobs that are kept as long as something is there that is no job. */
export type HeldBlobsTable = {
  holder: FunctionId | TemplateId | CallId;
  team_id: TeamId;
  hash: BlobHash;
  /** Which may read it: of the event of a call that it has. */
  lease_id: LeaseId | null;
  /** Where only a process knows that it is needed; null for as long as its holder is there. */
  expires_at: number | null;
};
