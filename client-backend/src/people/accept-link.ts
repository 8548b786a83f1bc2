import type { AcceptLink } from '@parallel-pilot/shared/api/people.ts';
import { newId, type PersonId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  deleteOpenLinks,
  giveBackLink,
  type LinkRow,
  useLink,
} from '@parallel-pilot/shared/server/db/links.ts';
import {
  findPerson,
  findPersonBySubject,
  insertPerson,
  type PersonRow,
  setPerson,
} from '@parallel-pilot/shared/server/db/people.ts';
import { joinTeam, lockTeam, rolesIn } from '@parallel-pilot/shared/server/db/teams.ts';
import type { z } from 'zod';
import type { Parts } from '../parts.ts';
import type { Accounts } from './accounts.ts';
import { openLink, UNKNOWN, USED } from './links.ts';
import { type Refusal, refuse } from './refusal.ts';

type AcceptParts = Pick<Parts, 'db' | 'clock' | 'random' | 'first'> & { accounts: Accounts | null };
type Given = z.output<typeof AcceptLink>;

/** `person`: who is to be signed in, null where they are already. */
export type Accepted = {
  ok: true;
  link: LinkRow;
  person: PersonRow | null;
  team: TeamId | null;
};

/**
 * Does what a link is for, once. An account is made before the link is used up in one transaction with all that it
 * brings: a process that dies in between leaves an account that nobody is, and the link as good as before.
 */
export async function acceptLink(
  parts: AcceptParts,
  given: Given,
  by: PersonId | null,
): Promise<Accepted | Refusal> {
  const opened = await openLink(parts, given.token);
  if (!opened.ok) return opened;
  const { link } = opened;
  switch (link.purpose) {
    case 'password-reset':
      return resetPassword(parts, link, given);
    case 'first-admin':
      return makeFirstAdmin(parts, link, given, by);
    case 'invitation':
      return by === null ? acceptAsNew(parts, link, given) : acceptAs(parts, link, by);
    default:
      return link.purpose satisfies never;
  }
}

async function resetPassword(
  { db, clock, accounts }: AcceptParts,
  link: LinkRow,
  { password }: Given,
): Promise<Accepted | Refusal> {
  const person = link.person_id === null ? undefined : await findPerson(db, link.person_id);
  if (person === undefined || person.banned_at !== null || accounts === null) return UNKNOWN;
  if (password === undefined) return missing('password');
  if (!(await useLink(db, link.id, clock()))) return USED;
  const set = await accounts.records.setPassword(person.subject, password);
  if (!set.ok) {
    await giveBackLink(db, link.id);
    return refuse(422, set.code, set.message);
  }
  await deleteOpenLinks(db, 'password-reset', person.id);
  if (person.email !== null && link.email === person.email)
    await accounts.records.changeEmail(person.subject, person.email, true);
  return { ok: true, link, person, team: null };
}

/** Whoever came first, in the days when nobody signed in, becomes the admin: what they made is theirs. */
async function makeFirstAdmin(
  parts: AcceptParts,
  link: LinkRow,
  given: Given,
  by: PersonId | null,
): Promise<Accepted | Refusal> {
  const { db, first } = parts;
  if (parts.accounts === null) {
    if (by === null) return SIGN_IN;
    const used = await db.transaction().execute(async (transaction) => {
      if (!(await useLink(transaction, link.id, parts.clock()))) return false;
      await setPerson(transaction, by, { role: 'admin' });
      return true;
    });
    return used ? { ok: true, link, person: null, team: null } : USED;
  }
  return withAccount(parts, parts.accounts, link, given, async (transaction, subject, name, email) => {
    const person = await findPerson(transaction, first.person);
    if (person?.subject === 'local') {
      await setPerson(transaction, first.person, { subject, name, email, role: 'admin' });
      await transaction.updateTable('teams').set({ name }).where('id', '=', first.team).execute();
      return first.team;
    }
    const made = await insertNew(parts, transaction, { subject, name, email, role: 'admin' });
    return made;
  });
}

async function acceptAsNew(parts: AcceptParts, link: LinkRow, given: Given): Promise<Accepted | Refusal> {
  if (parts.accounts === null) return SIGN_IN;
  if (link.email !== null && given.email !== undefined && given.email !== link.email) return OTHER_EMAIL;
  const { email } = link;
  const whole = email === null ? given : { ...given, email };
  return withAccount(parts, parts.accounts, link, whole, async (transaction, subject, name, address) => {
    const own = await insertNew(parts, transaction, { subject, name, email: address, role: 'person' });
    const person = await findPersonBySubject(transaction, subject);
    if (link.team_id === null || person === undefined) return own;
    await joinTeam(transaction, {
      team_id: link.team_id,
      person_id: person.id,
      role: link.role ?? 'member',
      joined_at: parts.clock(),
    });
    return link.team_id;
  });
}

async function acceptAs(
  { db, clock }: AcceptParts,
  link: LinkRow,
  by: PersonId,
): Promise<Accepted | Refusal> {
  const person = await findPerson(db, by);
  if (link.email !== null && person?.email !== link.email) return OTHER_EMAIL;
  const { team_id: team } = link;
  if (team === null) return ALREADY_HERE;
  return db.transaction().execute(async (transaction): Promise<Accepted | Refusal> => {
    if ((await lockTeam(transaction, team)) === undefined) return UNKNOWN;
    if ((await rolesIn(transaction, team)).has(by)) return ALREADY_MEMBER;
    if (!(await useLink(transaction, link.id, clock()))) return USED;
    const role = link.role ?? 'member';
    await joinTeam(transaction, { team_id: team, person_id: by, role, joined_at: clock() });
    return { ok: true, link, person: null, team };
  });
}

/** With a new account, uses the link up and writes what it brings, or has the account undone. */
async function withAccount(
  { db, clock }: AcceptParts,
  { records }: Accounts,
  link: LinkRow,
  { name, email, password }: Given,
  write: (transaction: Db, subject: string, name: string, email: string) => Promise<TeamId>,
): Promise<Accepted | Refusal> {
  if (name === undefined) return missing('name');
  if (email === undefined) return missing('e-mail');
  if (password === undefined) return missing('password');
  const account = await accountFor(db, records, { name, email, password });
  if (!account.ok) return refuse(account.code === 'email-taken' ? 409 : 422, account.code, account.message);
  const { subject } = account;
  const team = await db.transaction().execute(async (transaction) => {
    if (!(await useLink(transaction, link.id, clock()))) return null;
    return write(transaction, subject, name, email);
  });
  const person = await findPersonBySubject(db, subject);
  if (team === null) {
    if (person === undefined) await records.remove(subject);
    return USED;
  }
  return { ok: true, link, person: person ?? null, team };
}

/** An account whose making was cut before anybody became its person is taken over. */
async function accountFor(
  db: Db,
  records: Accounts['records'],
  account: { name: string; email: string; password: string },
): Promise<{ ok: true; subject: string } | { ok: false; code: string; message: string }> {
  // Whose the address is was shown by nobody: whoever made the link could open it as well.
  const made = await records.create({ ...account, emailVerified: false });
  if (made.ok || made.code !== 'email-taken') return made;
  const left = await records.findByEmail(account.email);
  if (left === null || left.emailVerified || (await findPersonBySubject(db, left.subject)) !== undefined)
    return made;
  const set = await records.setPassword(left.subject, account.password);
  if (!set.ok) return set;
  await records.rename(left.subject, account.name);
  return { ok: true, subject: left.subject };
}

async function insertNew(
  { clock, random }: AcceptParts,
  db: Db,
  person: Pick<PersonRow, 'subject' | 'name' | 'email' | 'role'>,
): Promise<TeamId> {
  const team = newId('tea', random);
  await insertPerson(db, { ...person, id: newId('per', random), created_at: clock() }, team);
  return team;
}

const missing = (what: string): Refusal =>
  refuse(422, 'incomplete', `A ${what} is needed for the account that this link makes.`);
const SIGN_IN = refuse(401, 'sign-in-required', 'Sign in first, and open this link again then.');
const OTHER_EMAIL = refuse(
  403,
  'other-email',
  'This invitation is for another e-mail address. Sign in with that one, or ask for an invitation of your own.',
);
const ALREADY_MEMBER = refuse(
  409,
  'already-member',
  'You are in this team already. The invitation stays good.',
);
const ALREADY_HERE = refuse(
  409,
  'already-member',
  'You have an account here already. The invitation stays good.',
);
