import type { LinkView } from '@parallel-pilot/shared/api/people.ts';
import { newId, type PersonId } from '@parallel-pilot/shared/model/ids.ts';
import {
  deleteOpenLinks,
  findLink,
  insertLink,
  type LinkRow,
} from '@parallel-pilot/shared/server/db/links.ts';
import { findPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { findTeam, rolesIn } from '@parallel-pilot/shared/server/db/teams.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Parts } from '../parts.ts';
import { type Refusal, refuse } from './refusal.ts';

type LinkParts = Pick<Parts, 'db' | 'clock' | 'random'>;

export type LinkPlan = Pick<LinkRow, 'purpose'> &
  Partial<Pick<LinkRow, 'team_id' | 'role' | 'email' | 'person_id' | 'created_by'>> & {
    /** How long it is good. */
    ms: number;
  };

export const HOUR_MS = 60 * 60_000;
export const DAY_MS = 24 * HOUR_MS;

const PAGES = { 'first-admin': '/welcome', invitation: '/invite', 'password-reset': '/reset' } as const;

/** A new link. Its address ends in the secret behind `#`, which browsers send nowhere; only the hash is kept. */
export async function makeLink(
  { db, clock, random }: LinkParts,
  { purpose, ms, ...plan }: LinkPlan,
): Promise<{ id: LinkRow['id']; path: string; expiresAt: number }> {
  const token = Buffer.from(random(32)).toString('base64url');
  const now = clock();
  const row = { id: newId('lnk', random), token_hash: hashOf(token), purpose, created_at: now };
  const empty = { team_id: null, role: null, email: null, person_id: null, created_by: null };
  await insertLink(db, { ...empty, ...plan, ...row, expires_at: now + ms });
  return { id: row.id, path: `${PAGES[purpose]}#${token}`, expiresAt: now + ms };
}

/**
 * A link to a new password, good for an hour; the one before it is good no more, and no other once one was used.
 * `mailedTo`: it is shown to nobody but that mailbox, so that its use proves whose the address is. Anybody can have one
 * mailed, so that spoils none that is on its way.
 */
export async function makeResetLink(
  parts: LinkParts,
  person: PersonId,
  by: PersonId | null,
  mailedTo: string | null = null,
  spoilsOthers = mailedTo === null,
) {
  if (spoilsOthers) await deleteOpenLinks(parts.db, 'password-reset', person);
  const plan = { person_id: person, created_by: by, email: mailedTo, ms: HOUR_MS };
  return makeLink(parts, { purpose: 'password-reset', ...plan });
}

/** The link of a token, while it is good. Who has a token had the link, so they may know what became of it. */
export async function openLink(
  { db, clock }: LinkParts,
  token: string,
): Promise<{ ok: true; link: LinkRow } | Refusal> {
  const link = await findLink(db, hashOf(token));
  if (link === undefined || !(await mayStillInvite({ db }, link))) return UNKNOWN;
  if (link.used_at !== null) return USED;
  return link.expires_at <= clock() ? expired(link) : { ok: true, link };
}

/** What somebody who holds the link is shown. */
export async function viewOfLink(
  { db }: Pick<Parts, 'db'>,
  link: LinkRow,
  you: { name: string; email: string | null } | null,
): Promise<LinkView> {
  const team = link.team_id === null ? undefined : await findTeam(db, link.team_id);
  const by = link.created_by === null ? undefined : await findPerson(db, link.created_by);
  const of = link.person_id === null ? undefined : await findPerson(db, link.person_id);
  return {
    purpose: link.purpose,
    expiresAt: link.expires_at,
    team: team === undefined ? null : { name: team.name, role: link.role ?? 'member' },
    by: by?.name ?? null,
    email: of?.email ?? link.email,
    name: of?.name ?? null,
    you: link.purpose === 'invitation' ? you : null,
  };
}

/** An invitation falls with what its maker was when they made it. The farm's own shell has no person. */
async function mayStillInvite(
  { db }: Pick<Parts, 'db'>,
  { purpose, created_by, team_id }: LinkRow,
): Promise<boolean> {
  if (purpose !== 'invitation' || created_by === null) return true;
  const maker = await findPerson(db, created_by);
  if (maker === undefined || maker.banned_at !== null) return false;
  if (team_id === null) return maker.role === 'admin';
  const role = (await rolesIn(db, team_id)).get(created_by);
  return role === 'owner' || role === 'manager';
}

const hashOf = (token: string): string => sha256(`link:${token}`);

export const UNKNOWN = refuse(
  404,
  'link-unknown',
  'This link is not known here: perhaps it was not copied whole, or it was taken back. Ask for a new one.',
);
export const USED = refuse(
  410,
  'link-used',
  'This link was used already: it is good once. Ask for a new one.',
);

function expired({ purpose }: LinkRow): Refusal {
  const next = {
    'first-admin': 'Start the farm again: it prints a new one.',
    invitation: 'Ask whoever sent it for a new one.',
    'password-reset': 'Ask for a new one on the sign-in page, or ask an admin of the farm.',
  }[purpose];
  return refuse(410, 'link-expired', `The time of this link is over. ${next}`);
}
