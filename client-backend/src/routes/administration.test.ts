import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PeoplePage } from '@parallel-pilot/shared/api/limits.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { FunctionSummary } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { type BlobHash, FunctionId, type PersonId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { addVersion, insertFunction } from '@parallel-pilot/shared/server/db/functions.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';
import { addJob } from '../jobs/test-farm.fixture.ts';
import { addKey, addSomebody, addTeam } from '../people/people.fixture.ts';
import { idOf, startPeopleFarm } from '../people/people-farm.fixture.ts';

type T = { after(end: () => Promise<void>): void };

async function start(t: T, databaseUrl?: string) {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({
    dataFolder: folder.path,
    host: '0.0.0.0',
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  // Who is there from the start has a key of their own; they are no admin here, so that "the last" can be tried.
  await backend.parts.db.updateTable('people').set({ role: 'person' }).execute();
  return backend;
}

type Answer = { status: number; code: string | null; detail: string; choices: string[] | undefined };

async function send(
  { url }: TestBackend,
  operation: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<Answer> {
  const [method = '', path = ''] = operation.split(' ');
  const response = await fetch(`${url}/api/v1/${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status < 400) return { status: response.status, code: null, detail: '', choices: undefined };
  const { code, detail, choices } = Problem.parse(await response.json());
  return { status: response.status, code, detail, choices };
}

async function plant(
  { parts }: TestBackend,
  by: { person: PersonId; team: TeamId },
  status: 'running' | 'completed' = 'running',
) {
  const id = await addJob(parts, { name: 'Cubes', by });
  const finished_at = status === 'completed' ? 2 : null;
  await parts.db.updateTable('jobs').set({ state: status, finished_at }).where('id', '=', id).execute();
  return id;
}

/** A function of theirs in that team, which nobody has called. */
async function deployed({ parts: { db } }: TestBackend, person: PersonId, team: TeamId) {
  const [id, now] = [FunctionId.parse('fun_00000000'), 1];
  const times = { created_at: now, updated_at: now };
  const row = { id, team_id: team, person_id: person, name: 'resize', active_version: 0, ...times };
  await insertFunction(db, { ...row, public_token_hash: null });
  const blob = '0'.repeat(64);
  const spec = {
    ...{ function: id, name: 'resize', version: 1, handler: 'a.py', settings: {} },
    files: [{ path: 'a.py', blob, size: 1 }],
  };
  const spec_json = JSON.stringify(FunctionSpec.parse(spec));
  await addVersion(
    db,
    { function: id, team, now, serving: null },
    () => ({ person_id: person, spec_json, job_id: null }),
    [blob as BlobHash],
  );
}

const jobRow = async ({ parts }: TestBackend, id: string) => {
  const row = await parts.db
    .selectFrom('jobs')
    .select(['team_id', 'person_id', 'state'])
    .where('id', '=', id as never)
    .executeTakeFirst();
  return row === undefined ? null : { ...row };
};

test('admins see everybody by name, in pages, and find them by a part of it', async (t) => {
  const backend = await start(t);
  const ada = await addSomebody(backend.parts.db, 'Ada', 'admin');
  for (const name of ['Dora', 'Carl', 'Bob']) await addSomebody(backend.parts.db, name);
  const page = async (query: string) =>
    PeoplePage.parse(
      await (await fetch(`${backend.url}/api/v1/people?${query}`, { headers: ada.headers })).json(),
    );
  const first = await page('limit=3');
  assert.deepEqual(
    first.people.map(({ name }) => name),
    ['Ada', 'Bob', 'Carl'],
  );
  const rest = await page(`limit=3&after=${first.next}`);
  assert.deepEqual([rest.people.map(({ name }) => name), rest.next], [['Dora', 'Owner'], null]);
  assert.deepEqual(
    (await page('search=CARL@')).people.map(({ name, teams, account }) => [name, teams, account]),
    [['Carl', 1, 'auth']],
  );
  assert.deepEqual((await page('search=%25')).people, []);
});

test('a ban shuts keys and sessions out with the next request, and is taken back as fast', async (t) => {
  const backend = await start(t);
  const ada = await addSomebody(backend.parts.db, 'Ada', 'admin');
  const bob = await addSomebody(backend.parts.db, 'Bob');
  const session = await fetch(`${backend.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: bob.key }),
  });
  const cookie = { cookie: session.headers.get('set-cookie')?.split(';')[0] ?? '' };
  let told = 0;
  backend.parts.live.recheck = () => {
    told += 1;
  };
  const both = async () => [
    (await send(backend, 'GET jobs', bob.headers)).status,
    (await send(backend, 'GET jobs', cookie)).status,
  ];
  assert.deepEqual(await both(), [200, 200]);
  assert.equal(
    (await send(backend, `PATCH people/${bob.person}`, ada.headers, { banned: true })).status,
    200,
  );
  assert.deepEqual(await both(), [401, 401]);
  assert.equal(told, 1);
  assert.equal(
    (await send(backend, `PATCH people/${bob.person}`, ada.headers, { banned: false })).status,
    200,
  );
  assert.deepEqual(await both(), [200, 200]);
});

for (const place of ['SQLite', 'MariaDB']) {
  describe(`the last admin stays, on ${place}`, () => {
    test('neither demoted, banned nor deleted, and not by two at once', async (t) => {
      const server = place === 'MariaDB' ? await startMariaDb() : null;
      if (server !== null) t.after(() => server.stop());
      const backend = await start(t, server?.url);
      const ada = await addSomebody(backend.parts.db, 'Ada', 'admin');
      for (const change of [{ role: 'person' }, { banned: true }]) {
        const answer = await send(backend, `PATCH people/${ada.person}`, ada.headers, change);
        assert.deepEqual([answer.status, answer.code], [409, 'last-admin']);
      }
      assert.equal((await send(backend, `DELETE people/${ada.person}`, ada.headers)).status, 409);
      for (let round = 0; round < 5; round += 1) {
        const eve = await addSomebody(backend.parts.db, `Eve ${round}`, 'admin');
        // Each demotes the other: one of them comes too late.
        const answers = await Promise.all([
          send(backend, `PATCH people/${ada.person}`, eve.headers, { role: 'person' }),
          send(backend, `PATCH people/${eve.person}`, ada.headers, { role: 'person' }),
        ]);
        const admins = await backend.parts.db
          .selectFrom('people')
          .select('id')
          .where('role', '=', 'admin')
          .execute();
        assert.equal(admins.length, 1, JSON.stringify(answers));
        await backend.parts.db.updateTable('people').set({ role: 'person' }).execute();
        await backend.parts.db
          .updateTable('people')
          .set({ role: 'admin' })
          .where('id', '=', ada.person)
          .execute();
      }
    });
  });
}

describe('deleting somebody', () => {
  test('with running jobs it is asked what becomes of them, and nothing is done before', async (t) => {
    const backend = await start(t);
    const ada = await addSomebody(backend.parts.db, 'Ada', 'admin');
    const bob = await addSomebody(backend.parts.db, 'Bob');
    const job = await plant(backend, bob);
    const asked = await send(backend, `DELETE people/${bob.person}`, ada.headers);
    assert.deepEqual(
      [asked.status, asked.code, asked.choices],
      [409, 'jobs-under-way', ['cancel', 'hand-over']],
    );
    assert.match(asked.detail, /^Bob has a job that is not over: "Cubes"\. Say what becomes of them/);
    assert.equal((await jobRow(backend, job))?.state, 'running');
    assert.equal((await send(backend, 'GET jobs', bob.headers)).status, 200);
    const nonsense = await send(backend, `DELETE people/${bob.person}?jobs=keep`, ada.headers);
    assert.equal(nonsense.status, 400);
  });

  test('canceled: their own team goes with all in it, and teams of others keep their jobs', async (t) => {
    const backend = await start(t);
    const { db } = backend.parts;
    const ada = await addSomebody(db, 'Ada', 'admin');
    const bob = await addSomebody(db, 'Bob');
    const carl = await addSomebody(db, 'Carl');
    const team = await addTeam(db, 'Film', { [bob.person]: 'owner', [carl.person]: 'viewer' });
    const [own, old, shared] = [
      await plant(backend, bob),
      await plant(backend, bob, 'completed'),
      await plant(backend, { person: bob.person, team }),
    ];
    assert.equal((await send(backend, `DELETE people/${bob.person}?jobs=cancel`, ada.headers)).status, 204);
    assert.deepEqual([await jobRow(backend, own), await jobRow(backend, old)], [null, null]);
    assert.equal((await jobRow(backend, shared))?.state, 'canceled');
    assert.equal((await send(backend, 'GET jobs', bob.headers)).status, 401);
    // The team that they owned is somebody's.
    const members = await db.selectFrom('team_members').selectAll().where('team_id', '=', team).execute();
    assert.deepEqual(
      members.map(({ person_id, role }) => [person_id, role]),
      [[carl.person, 'owner']],
    );
    assert.deepEqual(await db.selectFrom('teams').select('id').where('id', '=', bob.team).execute(), []);
    assert.equal((await send(backend, `DELETE people/${bob.person}`, ada.headers)).status, 404);
    assert.equal(
      (await send(backend, `PATCH people/${bob.person}`, ada.headers, { banned: false })).status,
      404,
    );
  });

  test('handed over: running ones stay in their teams, and what was in their own team comes into the other’s', async (t) => {
    const backend = await start(t);
    const { db } = backend.parts;
    const ada = await addSomebody(db, 'Ada', 'admin');
    const bob = await addSomebody(db, 'Bob');
    const carl = await addSomebody(db, 'Carl');
    const team = await addTeam(db, 'Film', { [carl.person]: 'owner', [bob.person]: 'member' });
    const [own, old, shared] = [
      await plant(backend, bob),
      await plant(backend, bob, 'completed'),
      await plant(backend, { person: bob.person, team }),
    ];
    const dora = await addSomebody(db, 'Dora');
    await deployed(backend, bob.person, team);
    const notIn = await send(
      backend,
      `DELETE people/${bob.person}?jobs=hand-over:${dora.person}`,
      ada.headers,
    );
    assert.deepEqual([notIn.status, notIn.code], [422, 'not-in-team']);
    const nobody = await send(
      backend,
      `DELETE people/${bob.person}?jobs=hand-over:per_00000000`,
      ada.headers,
    );
    assert.deepEqual([nobody.status, nobody.code], [422, 'person-unknown']);
    assert.equal((await send(backend, 'GET jobs', bob.headers)).status, 200);
    const done = await send(
      backend,
      `DELETE people/${bob.person}?jobs=hand-over:${carl.person}`,
      ada.headers,
    );
    assert.equal(done.status, 204);
    assert.deepEqual(
      [await jobRow(backend, own), await jobRow(backend, old), await jobRow(backend, shared)],
      [
        { team_id: carl.team, person_id: carl.person, state: 'running' },
        { team_id: carl.team, person_id: carl.person, state: 'completed' },
        { team_id: team, person_id: carl.person, state: 'running' },
      ],
    );
    assert.equal((await send(backend, `GET jobs/${own}`, carl.headers)).status, 200);
    const blobs = await db.selectFrom('team_blobs').select('hash').where('team_id', '=', carl.team).execute();
    assert.equal(blobs.length, 1);
    const { headers } = await addKey(db, carl.person, team);
    const summary = await fetch(`${backend.url}/api/v1/functions/resize`, { headers });
    const { owner, takenOverFrom } = FunctionSummary.parse(await summary.json());
    assert.deepEqual([owner, takenOverFrom], ['Carl', 'Bob']);
  });

  test('their account goes too, and who comes by the same address again is somebody else', async (t) => {
    const farm = await startPeopleFarm(t);
    const [ada, bob] = [await farm.join('Ada'), await farm.join('Bob')];
    await farm.parts.db
      .updateTable('people')
      .set({ role: 'admin' })
      .where('id', '=', (await idOf(ada)) as PersonId)
      .execute();
    const id = await idOf(bob);
    assert.equal((await ada.send('DELETE', `/people/${id}`)).status, 204);
    assert.equal((await bob.send('GET', '/account')).status, 401);
    assert.equal(await farm.accounts.records.findByEmail('bob@example.org'), null);
    const again = await farm.join('Bob');
    assert.notEqual(await idOf(again), id);
  });

  test('the same after the process died in the middle of it', async (t) => {
    const backend = await start(t);
    const { db } = backend.parts;
    const ada = await addSomebody(db, 'Ada', 'admin');
    const bob = await addSomebody(db, 'Bob');
    await plant(backend, bob);
    // Shut out, and no further.
    await db.updateTable('people').set({ banned_at: 5 }).where('id', '=', bob.person).execute();
    const again = await send(backend, `DELETE people/${bob.person}?jobs=cancel`, ada.headers);
    assert.equal(again.status, 204, again.detail);
    const { key } = await addKey(db, bob.person, ada.team);
    assert.equal((await send(backend, 'GET jobs', { authorization: `Bearer ${key}` })).status, 401);
  });
});
