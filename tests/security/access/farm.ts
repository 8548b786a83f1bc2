import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESSION_COOKIE } from '@parallel-pilot/client-backend/auth/access.ts';
import type { Accounts } from '@parallel-pilot/client-backend/auth/accounts/accounts.ts';
import { openAccounts } from '@parallel-pilot/client-backend/auth/accounts/open-accounts.ts';
import { createSessions, SESSION_MS } from '@parallel-pilot/client-backend/auth/sessions.ts';
import { type Backend, startBackend } from '@parallel-pilot/client-backend/backend.ts';
import type { Principal, Scope } from '@parallel-pilot/shared/access/principal.ts';
import { SCOPES } from '@parallel-pilot/shared/access/principal.ts';
import { type KeyId, newId, type PersonId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { readServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { connectDatabase, type Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertKey } from '@parallel-pilot/shared/server/db/keys.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { insertPerson } from '@parallel-pilot/shared/server/db/people.ts';
import type { TeamMembersTable } from '@parallel-pilot/shared/server/db/schema/people.ts';
import { joinTeam } from '@parallel-pilot/shared/server/db/teams.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { SignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import type { Insertable } from 'kysely';

export const random = (count: number): Uint8Array => randomBytes(count);

/** Each request seems to come from another address, so that wrong keys do not shut out what follows. */
let last = 0;
export function fromElsewhere(headers: Record<string, string>): Record<string, string> {
  last += 1;
  return { ...headers, 'x-forwarded-for': `10.0.${last >> 8}.${last & 255}` };
}

/** Somebody who asks: what their requests carry, and what they are where that is anything. */
export type Asker = {
  name: string;
  headers: Record<string, string>;
  actor: (Pick<Principal, 'teamRole' | 'farmRole' | 'scopes'> & { person: PersonId; team: TeamId }) | null;
};

/** A backend with two teams, and people of every role, all with keys. */
export async function startAccessFarm() {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-access-'));
  const config = readServerConfig({
    PILOT_DATA: folder,
    PILOT_PORT: '0',
    PILOT_BALANCER_PORT: '9',
    PILOT_LOG: 'silent',
    PILOT_PUBLIC_URL: 'http://farm.example',
  });
  const db = connectDatabase(config.databaseUrl);
  await migrate(db);
  const secrets = {
    workerToken: 'worker-token-0123',
    controlToken: 'control-token',
    signingKey: 'signing-key',
  };
  const parts = { config, secrets, db, clock: Date.now, random, log: createLog('test', 'silent') };
  const signIn: SignInConfig = { providers: [], firstSignIn: 'invite', groups: [] };
  const accounts = await openAccounts({ ...parts, signIn });
  const backend: Backend = await startBackend({
    ...parts,
    ownerKeyHash: null,
    identities: accounts,
    accounts,
  });
  const team = await addTeam(db, 'Ours');
  const others = await addTeam(db, 'Theirs');
  const person = (role: 'admin' | 'person' = 'person') => addPerson(db, role);
  const [owner, manager, member, colleague, viewer, stranger] = await Promise.all(
    Array.from({ length: 6 }, () => person()),
  );
  const admin = await person('admin');
  const members: Insertable<TeamMembersTable>[] = [
    { team_id: team, person_id: owner as PersonId, role: 'owner', joined_at: 1 },
    { team_id: team, person_id: manager as PersonId, role: 'manager', joined_at: 1 },
    { team_id: team, person_id: member as PersonId, role: 'member', joined_at: 1 },
    { team_id: team, person_id: colleague as PersonId, role: 'member', joined_at: 1 },
    { team_id: team, person_id: viewer as PersonId, role: 'viewer', joined_at: 1 },
    { team_id: team, person_id: admin, role: 'viewer', joined_at: 1 },
    { team_id: others, person_id: stranger as PersonId, role: 'owner', joined_at: 1 },
  ];
  const good: KeyId[] = [];
  /** As it was, whatever was asked for before. */
  const gather = () =>
    db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('team_members').where('team_id', '=', team).execute();
      for (const member of members) await joinTeam(transaction, member);
      // Whoever leaves a team loses their keys of it.
      if (good.length > 0)
        await transaction.updateTable('keys').set({ revoked_at: null }).where('id', 'in', good).execute();
    });
  await gather();
  const by = (
    name: string,
    who: PersonId | undefined,
    teamRole: Principal['teamRole'],
    more: Partial<KeyOf> = {},
  ) => addKey(db, name, { person: who as PersonId, team, teamRole, ...more });
  const askers = {
    owner: await by('the owner', owner, 'owner'),
    manager: await by('a manager', manager, 'manager'),
    member: await by('the member whose job it is', member, 'member'),
    colleague: await by('another member', colleague, 'member'),
    viewer: await by('a viewer', viewer, 'viewer'),
    admin: await by('an admin of the farm, a viewer here', admin, 'viewer', { farmRole: 'admin' }),
    reader: await by("a member's key that may only read", member, 'member', { scopes: ['read'] }),
    submitter: await by("a manager's key that may only submit", manager, 'manager', { scopes: ['submit'] }),
  };
  good.push(...Object.values(askers).map((asker) => asker.key));
  const otherTeam = await by('the owner of another team', stranger, 'owner', { team: others });
  const nobody = await strangersOf(db, parts, { team, member: member as PersonId });
  return {
    ...parts,
    // Not the public address, behind which no proxy stands here.
    url: `http://127.0.0.1:${backend.port}`,
    team,
    gather,
    others,
    member: member as PersonId,
    askers,
    otherTeam,
    nobody,
    signedIn: await signUp(accounts),
    async stop() {
      await backend.stop();
      await accounts.close();
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type AccessFarm = Awaited<ReturnType<typeof startAccessFarm>>;

/** Somebody with an account of their own, in a browser. */
async function signUp(accounts: Accounts): Promise<Asker> {
  const ada = { email: 'ada@farm.example', name: 'Ada', password: 'a long enough one', emailVerified: true };
  const made = await accounts.records.create(ada);
  if (!made.ok) throw new Error(made.message);
  const from = { method: 'POST', headers: {}, address: '127.0.0.1' };
  const cookies = await accounts.openSession(made.subject, from);
  const cookie = (cookies ?? []).map((one) => one.split(';')[0]).join('; ');
  return { name: 'somebody who signed in', headers: { cookie, origin: 'http://farm.example' }, actor: null };
}

/** Those who are not let in at all. */
async function strangersOf(
  db: Db,
  parts: { db: Db; random: typeof random },
  { team, member }: { team: TeamId; member: PersonId },
): Promise<Asker[]> {
  const revoked = await addKey(db, 'a revoked key', { person: member, team, teamRole: 'member' });
  await db.updateTable('keys').set({ revoked_at: 1 }).where('id', '=', revoked.key).execute();
  const ended = await addKey(db, 'a key whose time is over', { person: member, team, teamRole: 'member' });
  await db.updateTable('keys').set({ expires_at: 1 }).where('id', '=', ended.key).execute();
  const banned = await addPerson(db, 'person');
  await db
    .insertInto('team_members')
    .values({ team_id: team, person_id: banned, role: 'owner', joined_at: 1 })
    .execute();
  await db.updateTable('people').set({ banned_at: 1 }).where('id', '=', banned).execute();
  const gone = await addPerson(db, 'person');
  const ofGone = await addKey(db, 'a key of somebody who left the team', {
    person: gone,
    team,
    teamRole: 'owner',
  });
  const session = (now: number) => createSessions({ ...parts, clock: () => now });
  const good = await addKey(db, 'the key of a session', { person: member, team, teamRole: 'member' });
  const old = await session(Date.now() - SESSION_MS - 1).open(good.key);
  const left = await session(Date.now()).open(good.key);
  await session(Date.now()).close(left);
  const cookie = (name: string, token: string): Asker => ({
    name,
    headers: { cookie: `${SESSION_COOKIE}=${token}` },
    actor: null,
  });
  const bearer = (name: string, token: string): Asker => ({
    name,
    headers: { authorization: `Bearer ${token}` },
    actor: null,
  });
  return [
    { name: 'a stranger', headers: {}, actor: null },
    { ...revoked, actor: null },
    { ...ended, actor: null },
    { ...(await addKey(db, 'a banned person', { person: banned, team, teamRole: 'owner' })), actor: null },
    { ...ofGone, actor: null },
    cookie('an expired session', old),
    cookie('a session that was signed out', left),
    bearer("a worker's token", 'worker-token-0123'),
    bearer("the load balancer's token", 'control-token'),
  ];
}

async function addTeam(db: Db, name: string): Promise<TeamId> {
  const id = newId('tea', random);
  const row = { id, subject: null, name, personal_of: null, limits_json: null, created_at: 1 };
  await db.insertInto('teams').values(row).execute();
  return id;
}

export async function addPerson(db: Db, role: 'admin' | 'person'): Promise<PersonId> {
  const id = newId('per', random);
  const row = { id, subject: `test:${id}`, name: 'Somebody', role, created_at: 1 };
  await db.transaction().execute((transaction) => insertPerson(transaction, row, newId('tea', random)));
  return id;
}

type KeyOf = {
  person: PersonId;
  team: TeamId;
  teamRole: Principal['teamRole'];
  farmRole?: Principal['farmRole'];
  scopes?: readonly Scope[];
};

async function addKey(db: Db, name: string, key: KeyOf) {
  const { person, team, teamRole, farmRole = 'person', scopes = SCOPES } = key;
  const id = newId('key', random);
  const token = randomBytes(32).toString('base64url');
  const row = { id, hash: sha256(token), person_id: person, team_id: team, name, scopes: scopes.join(',') };
  await insertKey(db, { ...row, created_at: 1, expires_at: null });
  const actor = { person, team, teamRole, farmRole, scopes };
  return { name, key: id, headers: { authorization: `Bearer ${token}` }, actor } satisfies Asker & {
    key: unknown;
  };
}
