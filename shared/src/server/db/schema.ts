import type { ColumnType, Generated } from 'kysely';
import type { FarmRole, TeamRole } from '../../access/principal.ts';
import type { ChunkStatus } from '../../model/chunk.ts';
import type { RunsOn } from '../../model/dependencies.ts';
import type {
  BlobHash,
  CallId,
  ChunkId,
  FunctionId,
  JobId,
  JoinTokenId,
  KeyId,
  LeaseId,
  LinkId,
  NoticeChannelId,
  PersonId,
  PipelineId,
  StageId,
  TeamId,
  TemplateId,
  WorkerId,
} from '../../model/ids.ts';
import type { JobStatus } from '../../model/job.ts';
import type { LeaseOutcome, LeasePurpose } from '../../model/lease.ts';
import type { ChannelType, NoticeEvent } from '../../model/notice.ts';
import type { WorkerStatus, WorksFor } from '../../model/worker.ts';

/**
 * The tables, one schema for SQLite and MySQL/MariaDB. Times are milliseconds
 * since 1970. Columns that end in `_json` hold JSON text. Who writes what:
 * the client backend writes people, teams and all that they have, jobs, job_notes, job_blobs, background_tasks, forecast_networks, farm_settings,
 * sweeps, sweep_members, sweep_reports, pipelines, pipeline_jobs, templates, environments, notice_channels, notices, person_notices,
 * functions, function_versions, calls, calls_by_day, held_blobs, stages, blobs, artifacts and new chunks; the load balancer writes workers,
 * leases, usage_by_month, load_by_quarter, and a
 * chunk after it was planned. All BIGINTs stay below 2^53.
 */
export type Database = {
  people: PeopleTable;
  teams: TeamsTable;
  team_members: TeamMembersTable;
  keys: KeysTable;
  sessions: SessionsTable;
  links: LinksTable;
  device_codes: DeviceCodesTable;
  join_tokens: JoinTokensTable;
  team_blobs: TeamBlobsTable;
  audit: AuditTable;
  usage_by_month: UsageByMonthTable;
  calls_by_day: CallsByDayTable;
  impersonations: ImpersonationsTable;
  jobs: JobsTable;
  job_notes: JobNotesTable;
  job_dependencies: JobDependenciesTable;
  job_blobs: JobBlobsTable;
  background_tasks: BackgroundTasksTable;
  stages: StagesTable;
  chunks: ChunksTable;
  leases: LeasesTable;
  workers: WorkersTable;
  worker_loads: WorkerLoadsTable;
  load_by_quarter: LoadByQuarterTable;
  forecast_networks: ForecastNetworksTable;
  farm_settings: FarmSettingsTable;
  blobs: BlobsTable;
  artifacts: ArtifactsTable;
  environments: EnvironmentsTable;
  sweeps: SweepsTable;
  sweep_members: SweepMembersTable;
  sweep_reports: SweepReportsTable;
  pipelines: PipelinesTable;
  pipeline_jobs: PipelineJobsTable;
  templates: TemplatesTable;
  notice_channels: NoticeChannelsTable;
  notices: NoticesTable;
  person_notices: PersonNoticesTable;
  functions: FunctionsTable;
  function_versions: FunctionVersionsTable;
  calls: CallsTable;
  held_blobs: HeldBlobsTable;
};

export type PeopleTable = {
  id: PersonId;
  /** How they prove who they are: `local`, or an account of a library, such as `auth:<id>` or `clerk:<id>`. */
  subject: string;
  name: string;
  /** In lower case. Null for whoever has no account, such as the one person of a farm on loopback. */
  email: string | null;
  role: FarmRole;
  banned_at: number | null;
  limits_json: string | null;
  created_at: number;
  /** Their row stays, so that the audit can name them and their account does not make them anew. */
  deleted_at: ColumnType<number | null, number | null | undefined, number | null>;
};

export type TeamsTable = {
  id: TeamId;
  /** Of a team that is kept elsewhere too: `clerk:<organisation>` or `group:<name>`. */
  subject: string | null;
  name: string;
  /** Everybody has a team of their own, which nobody leaves or hands over. */
  personal_of: PersonId | null;
  limits_json: string | null;
  created_at: number;
};

export type TeamMembersTable = { team_id: TeamId; person_id: PersonId; role: TeamRole; joined_at: number };

/** `hash` is a SHA-256 of 256 random bits, which only whoever it was made for has. */
export type KeysTable = {
  id: KeyId;
  hash: string;
  person_id: PersonId;
  team_id: TeamId;
  name: string;
  /** Separated by commas. */
  scopes: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
};

/** A link that is good once: for the first admin, somebody who is invited, or a new password. */
export type LinksTable = {
  id: LinkId;
  token_hash: string;
  purpose: 'first-admin' | 'invitation' | 'password-reset';
  /** Of an invitation: what the person becomes, null where they are invited to the farm alone. */
  team_id: TeamId | null;
  role: TeamRole | null;
  /** Of an invitation: who may use it, null for whoever has it. */
  email: string | null;
  /** Of a new password: whose. */
  person_id: PersonId | null;
  created_by: PersonId | null;
  created_at: number;
  expires_at: number;
  used_at: number | null;
};

/** A `pilot login` that waits for somebody to say yes in a browser. */
export type DeviceCodesTable = {
  device_hash: string;
  user_code: string;
  /** Where it was asked for. */
  address: string;
  /** What the key is to be called, and what it asks for. */
  name: string;
  scopes: string;
  state: 'waiting' | 'approved' | 'refused';
  person_id: PersonId | null;
  team_id: TeamId | null;
  created_at: number;
  expires_at: number;
};

/** Lets machines join as somebody's. */
export type JoinTokensTable = {
  id: JoinTokenId;
  hash: string;
  person_id: PersonId;
  team_id: TeamId;
  name: string;
  works_for: WorksFor;
  /** Null for as many as want to. */
  uses_left: number | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
};

/** Which team handed in which bytes; they are stored once. */
export type TeamBlobsTable = { team_id: TeamId; hash: BlobHash; created_at: number };

/** Who did what to what, from where. Rows are only ever added. */
export type AuditTable = {
  id: Generated<number>;
  at: number;
  person_id: PersonId | null;
  impersonator_id: PersonId | null;
  key_id: KeyId | null;
  team_id: TeamId | null;
  action: string;
  target: string | null;
  address: string;
  detail_json: string | null;
};

/** What workers did for a team or a person in a calendar month (UTC); written by the load balancer with the end of each lease. */
export type UsageByMonthTable = {
  holder: TeamId | PersonId;
  /** Such as `2026-11`. */
  month: string;
  busy_ms: number;
};

/** Calls of a team's or a person's functions on a day (UTC); written with their records. */
export type CallsByDayTable = {
  holder: TeamId | PersonId;
  /** Such as `2026-11-22`. */
  day: string;
  calls: number;
};

/** An admin who acts as somebody else. `token_hash` is a SHA-256; the token is in their browser's cookie alone. */
export type ImpersonationsTable = {
  token_hash: string;
  admin_id: PersonId;
  person_id: PersonId;
  created_at: number;
  expires_at: number;
};

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

export type WorkersTable = {
  id: WorkerId;
  /** SHA-256 of the worker's identity secret: another machine cannot take its id. */
  identity_hash: string;
  /** Who lends it, and as whose. */
  person_id: PersonId;
  team_id: TeamId;
  works_for: ColumnType<WorksFor, WorksFor | undefined, WorksFor>;
  /** The token that it joined with; null for one that the farm brought itself. */
  join_token_id: ColumnType<JoinTokenId | null, JoinTokenId | null | undefined, JoinTokenId | null>;
  /** SHA-256 of its own credential, which it got for the token. */
  credential_hash: ColumnType<string | null, string | null | undefined, string | null>;
  /** Its credential is good no more since then. */
  revoked_at: ColumnType<number | null, number | null | undefined, number | null>;
  /** It is given nothing since then. */
  disabled_at: ColumnType<number | null, number | null | undefined, number | null>;
  /** How people call it, instead of by its name. */
  label: ColumnType<string | null, string | null | undefined, string | null>;
  /** As people set them; null where nobody has, and what it says at its start holds (`said_…`). */
  tags_json: ColumnType<string | null, string | null | undefined, string | null>;
  pools_json: ColumnType<string | null, string | null | undefined, string | null>;
  said_tags_json: ColumnType<string | null, string | null | undefined, string | null>;
  said_pools_json: ColumnType<string | null, string | null | undefined, string | null>;
  note: ColumnType<string | null, string | null | undefined, string | null>;
  name: string;
  status: WorkerStatus;
  slots: number;
  capabilities_json: string;
  machine_json: string;
  /** What its chunks may use up together (Offer); null of one that was last seen before workers said it. */
  offer_json: ColumnType<string | null, string | null | undefined, string | null>;
  /** What it is lent for at most (Lending): as people set it here, and as it said at its start. Both hold. */
  lending_json: ColumnType<string | null, string | null | undefined, string | null>;
  said_lending_json: ColumnType<string | null, string | null | undefined, string | null>;
  first_seen_at: number;
  connected_at: number | null;
  last_seen_at: number;
  chunks_done: ColumnType<number, number | undefined, number>;
  chunks_failed: ColumnType<number, number | undefined, number>;
};

/** How loaded a worker was, every few minutes of the last day. */
export type WorkerLoadsTable = {
  worker_id: WorkerId;
  at: number;
  cpu: number;
  memory_used_bytes: number;
  load_average: number;
  busy: number;
};

/**
 * What the farm had to do and could do in a quarter hour. Work is in milliseconds of a slot of a worker of speed 1;
 * written by the load balancer, kept for twelve weeks.
 */
export type LoadByQuarterTable = {
  /** When it began. */
  at: number;
  /** Work that was planned in it and is done: added with the end of each lease. */
  arrived_ms: Generated<number>;
  /** Work that was planned in it and is not done yet, as predicted. */
  open_ms: Generated<number>;
  /** All work that was not done at its end, or is not now. */
  waiting_ms: Generated<number>;
  /** What the workers that were present could do in it. */
  capacity_ms: Generated<number>;
  /** What they do in a millisecond, and how many they were, when it was last noted. */
  speed: Generated<number>;
  workers: Generated<number>;
  /** Null where work arrived, and nobody looked. */
  noted_at: number | null;
};

/** The network that forecasts what arrives: one row, or none. */
export type ForecastNetworksTable = {
  id: 1;
  /** In the format safetensors, as Base64. */
  weights: string;
  /** The job that it came of. */
  job_name: string;
  taken_at: number;
};

/** What admins set for the whole farm: one row, or none. Null is what it was started with. */
export type FarmSettingsTable = {
  id: 1;
  /** Of `Escalation`. */
  deadline_first: number | null;
  deadline_preempt: number | null;
  /** 1 where webhooks may lead to addresses of private networks and of the farm's own machine. */
  private_addresses: ColumnType<number | null, number | null | undefined, number | null>;
  /** What is set for jobs of a kind, by its name, as its `farmSettings` has it. */
  kinds_json: ColumnType<string | null, string | null | undefined, string | null>;
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

/** A sign-in on the site with a key, which ends with it. `token_hash` is a SHA-256; the token itself is in the browser's cookie alone. */
export type SessionsTable = {
  token_hash: string;
  key_id: KeyId;
  created_at: number;
  expires_at: number;
};

/** Packages that were installed for a team's jobs. `key_hash`: of what was asked for; `hash`: the file of them. */
export type EnvironmentsTable = {
  team_id: TeamId;
  key_hash: string;
  hash: BlobHash;
  environment_json: string;
  used_at: number;
};

/** Jobs that were submitted as one search of parameters; `id` is their `group_id`. */
export type SweepsTable = {
  team_id: TeamId;
  id: string;
  person_id: PersonId;
  name: string;
  /** What was asked for, as its kind has it. */
  search_json: string;
  /** Why it ended before its jobs did; null while nothing is wrong. */
  problem: string | null;
  created_at: number;
};

export type SweepMembersTable = {
  job_id: JobId;
  team_id: TeamId;
  sweep_id: string;
  /** From 1, in the order in which they were planned. */
  number: number;
  /** What the sweep paused it for: its first turn, or the comparison at a rung; null where it did not. */
  held: 'turn' | 'rung' | null;
};

/** What a job came to at a rung, from 0, after `iteration`; written with the plan that goes beyond it. */
export type SweepReportsTable = {
  job_id: JobId;
  rung: number;
  iteration: number;
  /** Of the metric that the sweep compares by; null where it was not reported. */
  value: number | null;
  /** The metrics that there were, as a JSON object. */
  metrics_json: string;
};

/** Jobs that were submitted together, as one file says it. */
export type PipelinesTable = {
  id: PipelineId;
  team_id: TeamId;
  /** Who submitted it. */
  person_id: PersonId;
  name: string;
  /** What whoever submitted it called that submission, so that a second try is none. */
  request_id: string;
  /** The file as it was, and how it was called; null where there was none. */
  source_name: string | null;
  source_text: string | null;
  /** The values of its parameters, as a JSON object of strings. */
  parameters_json: string;
  created_at: number;
  /** Those that have places in its jobs, as a template's; null for pipelines of versions that did not keep it. */
  template_parameters_json: string | null;
  /** Its jobs as they were asked for, with these places; likewise. */
  template_jobs_json: string | null;
};

export type PipelineJobsTable = {
  job_id: JobId;
  pipeline_id: PipelineId;
  /** From 1, each after those that it needs. */
  number: number;
  /** How the pipeline calls it, and the matrix that it is one of; equal where it is of none. */
  name: string;
  matrix: string;
};

/** A pipeline that is kept to be run again with other values. */
export type TemplatesTable = {
  id: TemplateId;
  team_id: TeamId;
  /** Who saved it. */
  person_id: PersonId;
  /** In its team no two have the same. */
  name: string;
  source_name: string | null;
  source_text: string | null;
  /** Its parameters (Parameters), and those of the file that cannot be varied, with their values. */
  parameters_json: string;
  fixed_json: string;
  /** Its jobs, with places for the values of parameters. */
  jobs_json: string;
  job_count: number;
  saved_at: number;
};

/** Where somebody is told of their jobs: a browser, their e-mail, or a server of theirs. */
export type NoticeChannelsTable = {
  id: NoticeChannelId;
  person_id: PersonId;
  /** Of which team's jobs it tells: of one that was made by a key, which knows of that team alone. Null for all. */
  team_id: TeamId | null;
  type: ChannelType;
  /** How its owner knows it: the browser, the e-mail, the host. */
  name: string;
  /** Where it is sent: the endpoint of a browser's push service, an e-mail, the URL of a webhook. */
  address: string;
  /** SHA-256 of `address`. */
  address_hash: string;
  /** Of a browser: what is sent to it is encrypted with (PushKeys). */
  keys_json: string | null;
  /** NoticeEvents, separated by commas; '' while it is turned off. */
  events: string;
  created_at: number;
  /** The process that sends to it now; another may take it when the time has passed. */
  claimed_by: ColumnType<string | null, string | null | undefined, string | null>;
  claimed_until: ColumnType<number | null, number | null | undefined, number | null>;
  /** Nothing is sent to it before: what comes close together is told together. */
  next_at: ColumnType<number | null, number | null | undefined, number | null>;
  /** Since when nothing arrived there, and why not the last time; null while all is well. */
  failing_since: ColumnType<number | null, number | null | undefined, number | null>;
  problem: ColumnType<string | null, string | null | undefined, string | null>;
};

/** Something to be told by one channel: written with the change that it tells of, and kept as a log once it was sent. */
export type NoticesTable = {
  id: Generated<number>;
  channel_id: NoticeChannelId;
  /** Names what is told: written twice, it is there once. */
  once_key: string;
  /** Null of one that its owner sends to try the channel. */
  job_id: JobId | null;
  team_id: TeamId | null;
  event: NoticeEvent | 'test';
  /** NoticeSubject, as the job was then. */
  subject_json: string;
  at: number;
  state: 'waiting' | 'sent' | 'given-up';
  /** While it waits: when it is tried next. */
  next_at: number;
  tries: ColumnType<number, number | undefined, number>;
  /** The newest of them (NoticeTry[]). */
  tries_json: ColumnType<string | null, string | null | undefined, string | null>;
};

/** The same for its person alone, however else they are told: what the site shows, new until they look at it. */
export type PersonNoticesTable = {
  id: Generated<number>;
  person_id: PersonId;
  team_id: TeamId;
  job_id: JobId;
  /** Names what is told: written twice, it is there once. */
  once_key: string;
  event: NoticeEvent;
  /** NoticeSubject, as the job was then. */
  subject_json: string;
  at: number;
  is_read: ColumnType<0 | 1, 0 | 1 | undefined, 0 | 1>;
  /** When it was written or read. */
  changed_at: number;
};

/** What people of a team call by a name. `public_token_hash` is a SHA-256; null where nobody else may call it. */
export type FunctionsTable = {
  id: FunctionId;
  team_id: TeamId;
  /** Who deployed it first, or took it over: its instances are theirs. */
  person_id: PersonId;
  /** Who had it before, and has left the team. */
  taken_over_from: ColumnType<PersonId | null, PersonId | null | undefined, PersonId | null>;
  name: string;
  active_version: number;
  /** Which takes its calls until it has its packages; null where it takes them itself. */
  serving_version: number | null;
  public_token_hash: string | null;
  created_at: number;
  updated_at: number;
};

/** `job_id`: the one that keeps instances of it, or did last. */
export type FunctionVersionsTable = {
  function_id: FunctionId;
  /** Counted from 1. */
  version: number;
  person_id: PersonId;
  spec_json: string;
  /** What its image was found to be, whose blobs the function holds; null before, and without one. */
  image_json: string | null;
  job_id: JobId | null;
  /** Of how many jobs in a row its packages or its image were to come. */
  tries: Generated<number>;
  /** 1 while its function may hold, for it, what its image is made of. */
  holds_source: Generated<number>;
  created_at: number;
};

/**
 * Calls of functions. Those that somebody waits for are written once they are over, or before where they have a key;
 * others before anything else, with what they are called with until they are over.
 */
export type CallsTable = {
  id: CallId;
  function_id: FunctionId;
  version: number;
  /** Null for one with the function's own token. */
  person_id: PersonId | null;
  how: 'sync' | 'async';
  state: 'waiting' | 'running' | 'done' | 'failed';
  idempotency_key: string | null;
  event_json: string | null;
  answer_json: string | null;
  /** Those that are too large for a row: blobs, see held_blobs. */
  event_hash: BlobHash | null;
  event_size: number | null;
  answer_hash: BlobHash | null;
  answer_size: number | null;
  /** Why it failed. */
  code: string | null;
  message: string | null;
  log: string | null;
  worker_id: WorkerId | null;
  attempts: number;
  ms: number | null;
  created_at: number;
  ended_at: number | null;
  /** The backend that is at it, and when that is taken for dead without a sign of life. */
  process: string | null;
  expires_at: number | null;
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
