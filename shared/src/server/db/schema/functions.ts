import type { ColumnType, Generated } from 'kysely';
import type { BlobHash, CallId, FunctionId, JobId, PersonId, TeamId, WorkerId } from '../../../model/ids.ts';

/** Calls of a team's or a person's functions on a day (UTC); written with their records. */
export type CallsByDayTable = {
  holder: TeamId | PersonId;
  /** Such as `2026-11-22`. */
  day: string;
  calls: number;
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
