import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '@parallel-pilot/shared/api/farm.ts';
import { AuditPage } from '@parallel-pilot/shared/api/limits.ts';
import type { PersonId } from '@parallel-pilot/shared/model/ids.ts';
import { startTestBackend, temporaryFolder } from '../app.fixture.ts';
import { IMPERSONATION_MS } from '../auth/impersonations.ts';
import { addSomebody, addTeam, type Somebody } from '../people/people.fixture.ts';
import { idOf, startPeopleFarm } from '../people/people-farm.fixture.ts';

type T = { after(end: () => Promise<void>): void };

async function start(t: T) {
  let now = Date.now();
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, host: '0.0.0.0', clock: () => now });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  const { db } = backend.parts;
  const [ada, eve, bob] = [
    await addSomebody(db, 'Ada', 'admin'),
    await addSomebody(db, 'Eve', 'admin'),
    await addSomebody(db, 'Bob'),
  ];
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ...backend, ada, eve, bob, pass };
}

/** A browser: it keeps the cookies that it is given. */
function browser(url: string) {
  const cookies = new Map<string, string>();
  const send = async (operation: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [method = '', path = ''] = operation.split(' ');
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]?.split('=') ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    send,
    signIn: async ({ key }: Somebody) => assert.equal((await send('POST session', { key })).status, 200),
    async who() {
      const session = Session.parse(await (await send('GET session')).json());
      return [session.person?.name, session.impersonator?.name];
    },
  };
}

test('an admin acts as somebody, is named with it, and is themselves again when they say so', async (t) => {
  const { url, ada, bob, parts } = await start(t);
  const page = browser(url);
  await page.signIn(ada);
  const begun = await page.send('POST impersonation', { person: bob.person });
  assert.deepEqual(Session.parse(await begun.json()).impersonator?.name, 'Ada');
  assert.deepEqual(await page.who(), ['Bob', 'Ada']);
  // As Bob they are no admin, and may not take the account over.
  assert.equal((await page.send('GET people')).status, 403);
  assert.equal((await page.send('PATCH people/per_00000000', { role: 'admin' })).status, 403);
  assert.equal((await page.send('DELETE impersonation')).status, 200);
  assert.deepEqual(await page.who(), ['Ada', undefined]);
  const { entries } = AuditPage.parse(await (await page.send('GET audit')).json());
  const said = entries.map(({ action, person, impersonator }) => [action, person?.name, impersonator?.name]);
  assert.deepEqual(said, [
    ['impersonation.end', 'Bob', 'Ada'],
    ['access.refused', 'Bob', 'Ada'],
    ['access.refused', 'Bob', 'Ada'],
    ['impersonation.begin', 'Ada', undefined],
    ['session.open', 'Ada', undefined],
  ]);
  assert.deepEqual(await parts.db.selectFrom('impersonations').selectAll().execute(), []);
});

test('never as another admin, as nobody or with a key, nor by who is no admin', async (t) => {
  const { url, ada, eve, bob, parts } = await start(t);
  const page = browser(url);
  await page.signIn(ada);
  assert.equal((await page.send('POST impersonation', { person: eve.person })).status, 409);
  assert.equal((await page.send('POST impersonation', { person: 'per_00000000' })).status, 404);
  assert.equal((await page.send('POST impersonation', { person: bob.person }, ada.headers)).status, 409);
  const other = browser(url);
  await other.signIn(bob);
  assert.equal((await other.send('POST impersonation', { person: ada.person })).status, 403);
  // Somebody who becomes an admin, or is banned, meanwhile is not acted as any more.
  await page.send('POST impersonation', { person: bob.person });
  assert.deepEqual(await page.who(), ['Bob', 'Ada']);
  // A key of Bob's would outlive the hour.
  const key = { name: 'Mine', scopes: ['read'], expiresAt: null };
  assert.equal((await page.send('POST account/keys', key)).status, 403);
  await parts.db.updateTable('people').set({ role: 'admin' }).where('id', '=', bob.person).execute();
  assert.deepEqual(await page.who(), ['Ada', undefined]);
});

test('it is over after an hour, with the admin’s own session, and good in no other browser', async (t) => {
  const { url, ada, bob, eve, pass } = await start(t);
  const page = browser(url);
  await page.signIn(ada);
  await page.send('POST impersonation', { person: bob.person });
  const stolen = page.cookies.get('pilot_impersonation') ?? '';
  assert.notEqual(stolen, '');
  for (const thief of [bob, eve]) {
    const other = browser(url);
    await other.signIn(thief);
    const before = await other.who();
    other.cookies.set('pilot_impersonation', stolen);
    assert.deepEqual(await other.who(), before);
  }
  const stranger = browser(url);
  stranger.cookies.set('pilot_impersonation', stolen);
  assert.deepEqual(await stranger.who(), [undefined, undefined]);
  pass(IMPERSONATION_MS - 1);
  assert.deepEqual(await page.who(), ['Bob', 'Ada']);
  pass(1);
  assert.deepEqual(await page.who(), ['Ada', undefined]);
});

test('it ends with the session that it was begun in, however that ends', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ada, bob] = [await farm.join('Ada'), await farm.join('Bob')];
  await farm.parts.db
    .updateTable('people')
    .set({ role: 'admin' })
    .where('id', '=', (await idOf(ada)) as PersonId)
    .execute();
  const person = await idOf(bob);
  assert.equal((await ada.send('POST', '/impersonation', { person })).status, 200);
  assert.equal(await idOf(ada), person);
  farm.accounts.newSessions();
  assert.notEqual(await idOf(ada), person);
});

test('signing out ends both', async (t) => {
  const { url, ada, bob, parts } = await start(t);
  const page = browser(url);
  await page.signIn(ada);
  const team = await addTeam(parts.db, 'Film', { [bob.person]: 'viewer' });
  await page.send('POST impersonation', { person: bob.person });
  page.cookies.set('pilot_team', team);
  const session = Session.parse(await (await page.send('GET session')).json());
  assert.deepEqual([session.team?.id, session.team?.role, session.teams.length], [team, 'viewer', 2]);
  await page.send('DELETE session');
  assert.deepEqual(await page.who(), [undefined, undefined]);
  await page.signIn(ada);
  assert.deepEqual(await page.who(), ['Ada', undefined]);
});
