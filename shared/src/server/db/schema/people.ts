import type { ColumnType, Generated } from 'kysely';
import type { FarmRole, TeamRole } from '../../../access/principal.ts';
import type { BlobHash, JoinTokenId, KeyId, LinkId, PersonId, TeamId } from '../../../model/ids.ts';
import type { WorksFor } from '../../../model/worker.ts';

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

/** An admin who acts as somebody else. `token_hash` is a SHA-256; the token is in their browser's cookie alone. */
export type ImpersonationsTable = {
  token_hash: string;
  admin_id: PersonId;
  person_id: PersonId;
  created_at: number;
  expires_at: number;
};

/** A sign-in on the site with a key, which ends with it. `token_hash` is a SHA-256; the token itself is in the browser's cookie alone. */
export type SessionsTable = {
  token_hash: string;
  key_id: KeyId;
  created_at: number;
  expires_at: number;
};
