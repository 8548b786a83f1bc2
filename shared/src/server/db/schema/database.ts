import type { CallsByDayTable, CallsTable, FunctionsTable, FunctionVersionsTable } from './functions.ts';
import type {
  ArtifactsTable,
  BackgroundTasksTable,
  BlobsTable,
  ChunksTable,
  EnvironmentsTable,
  HeldBlobsTable,
  JobBlobsTable,
  JobDependenciesTable,
  JobNotesTable,
  JobsTable,
  LeasesTable,
  StagesTable,
} from './jobs.ts';
import type { NoticeChannelsTable, NoticesTable, PersonNoticesTable } from './notices.ts';
import type {
  AuditTable,
  DeviceCodesTable,
  ImpersonationsTable,
  JoinTokensTable,
  KeysTable,
  LinksTable,
  PeopleTable,
  SessionsTable,
  TeamBlobsTable,
  TeamMembersTable,
  TeamsTable,
  UsageByMonthTable,
} from './people.ts';
import type {
  PipelineJobsTable,
  PipelinesTable,
  SweepMembersTable,
  SweepReportsTable,
  SweepsTable,
  TemplatesTable,
} from './pipelines.ts';
import type {
  FarmSettingsTable,
  ForecastNetworksTable,
  LoadByQuarterTable,
  WorkerLoadsTable,
  WorkersTable,
} from './workers.ts';

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
