import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { MyTeam } from '@parallel-pilot/shared/api/farm.ts';
import {
  Account,
  AccountPatch,
  KeyList,
  MadeKey,
  NewKey,
  TeamChoice,
} from '@parallel-pilot/shared/api/people.ts';
import { KeyId } from '@parallel-pilot/shared/model/ids.ts';
import { keysOf, revokeKey } from '@parallel-pilot/shared/server/db/keys.ts';
import { findPerson, renamePerson } from '@parallel-pilot/shared/server/db/people.ts';
import { setCookie } from 'hono/cookie';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { TEAM_COOKIE } from '../auth/access.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import { makeKey, viewOfKey } from '../people/keys.ts';
import type { PeopleParts } from '../people/people-parts.ts';
import { myTeams } from '../people/teams.ts';
import { answer, json } from './people-answers.ts';

/** What whoever signed in looks at and changes of their own: name, keys, and the team that they act in. */
export function accountRoutes(parts: PeopleParts): OpenAPIHono {
  const { db, clock, live } = parts;
  const routes = newRoutes();
  routes.openapi(look, async (c) => c.json(await accountOf(parts, principalOf(c)), 200));
  routes.openapi(change, async (c) => {
    const by = principalOf(c);
    const { name } = c.req.valid('json');
    if (name !== undefined) {
      const person = await findPerson(db, by.person);
      await db.transaction().execute((transaction) => renamePerson(transaction, by.person, name));
      if (person?.subject.startsWith('auth:')) await parts.accounts?.records.rename(person.subject, name);
    }
    auditAs(c, 'account.change', by.person);
    return c.json(await accountOf(parts, by), 200);
  });
  routes.openapi(choose, async (c) => {
    const { team } = c.req.valid('json');
    const found = (await myTeams(parts, principalOf(c))).find(({ id }) => id === team);
    if (found === undefined)
      return problem(c, 404, 'not-found', 'There is no such team, or you are not in it.');
    setTeamCookie(c, parts, team);
    return c.json(found, 200);
  });
  routes.openapi(list, async (c) => {
    const by = principalOf(c);
    const keys = await keysOf(db, by.person, clock());
    return c.json({ keys: keys.filter(isOpenTo(by)).map((key) => viewOfKey(key, by)) }, 200);
  });
  routes.openapi(make, async (c) => {
    const made = await makeKey(parts, principalOf(c), c.req.valid('json'));
    if (!made.ok) return answer(c, made);
    const { key, view } = made;
    auditAs(c, 'key.create', view.id, { name: view.name, scopes: view.scopes.join(',') });
    c.header('cache-control', 'no-store');
    return c.json({ key, view }, 201);
  });
  routes.openapi(revoke, async (c) => {
    const by = principalOf(c);
    const { id } = c.req.valid('param');
    const [key] = await keysOf(db, by.person, clock(), id);
    const known = key !== undefined && isOpenTo(by)(key);
    const revoked =
      known &&
      (await db.transaction().execute((transaction) => revokeKey(transaction, id, by.person, clock())));
    if (!revoked) return problem(c, 404, 'not-found', 'You have no such key, or it was revoked already.');
    auditAs(c, 'key.revoke', id);
    live.recheck();
    return c.body(null, 204);
  });
  return routes;
}

/** A key knows of its own team alone. */
const isOpenTo =
  ({ proof, team }: Principal) =>
  (key: { team_id: string }): boolean =>
    proof.type !== 'key' || key.team_id === team;

/** Which of their teams somebody acts in from now on. It opens nothing: membership is asked for at each request. */
export function setTeamCookie(
  c: Parameters<typeof setCookie>[0],
  { config }: Pick<PeopleParts, 'config'>,
  team: string,
): void {
  setCookie(c, TEAM_COOKIE, team, {
    path: '/',
    sameSite: 'Lax',
    httpOnly: true,
    maxAge: 365 * 24 * 3_600,
    secure: config.publicUrl?.startsWith('https:') ?? false,
  });
}

async function accountOf({ db }: PeopleParts, { person }: Principal): Promise<Account> {
  const row = await findPerson(db, person);
  if (row === undefined) throw new Error(`person ${person} is gone while they ask`);
  const { id, name, email, role, created_at, subject } = row;
  return { id, name, email, role, createdAt: created_at, hasAccount: subject.startsWith('auth:') };
}

const tags = ['Account'];

const look = createRoute({
  method: 'get',
  path: '/api/v1/account',
  ...needs('account.see'),
  tags,
  summary: 'Who I am',
  responses: { 200: json(Account, 'Whoever asks') },
});

const change = createRoute({
  method: 'patch',
  path: '/api/v1/account',
  ...needs('account.change'),
  tags,
  summary: 'Change my name',
  request: { body: { required: true, ...json(AccountPatch) } },
  responses: { 200: json(Account, 'As it is now'), ...problems(400) },
});

const choose = createRoute({
  method: 'put',
  path: '/api/v1/account/team',
  ...needs('account.see'),
  tags,
  summary: 'Act in another of my teams from now on',
  request: { body: { required: true, ...json(TeamChoice) } },
  responses: { 200: json(MyTeam, 'The team'), ...problems(400, 404) },
});

const list = createRoute({
  method: 'get',
  path: '/api/v1/account/keys',
  ...needs('account.see'),
  tags,
  summary: 'My keys that are good, newest first',
  responses: { 200: json(KeyList, 'Without the keys themselves, which nobody has but you') },
});

const make = createRoute({
  method: 'post',
  path: '/api/v1/account/keys',
  ...needs('account.change'),
  tags,
  summary: 'Make a key for the team that I act in',
  request: { body: { required: true, ...json(NewKey) } },
  responses: { 201: json(MadeKey, 'The key, shown this once'), ...problems(400, 403, 409, 422) },
});

const revoke = createRoute({
  method: 'delete',
  path: '/api/v1/account/keys/{id}',
  ...needs('account.change'),
  tags,
  summary: 'Revoke a key, with the sessions that it opened',
  request: { params: z.object({ id: KeyId }) },
  responses: { 204: { description: 'It opens nothing any more' }, ...problems(404) },
});
