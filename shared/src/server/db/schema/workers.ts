import type { ColumnType, Generated } from 'kysely';
import type { JoinTokenId, PersonId, TeamId, WorkerId } from '../../../model/ids.ts';
import type { WorkerStatus, WorksFor } from '../../../model/worker.ts';

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
