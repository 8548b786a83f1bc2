import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyList, TeamDetail, TeamList } from '@parallel-pilot/shared/api/people.ts';
import { idOf, makeTeam, startPeopleFarm } from '../people/people-farm.fixture.ts';

test('a team is made, changed, handed over and left; each does what their role lets them', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ann, bob, cid] = [await farm.join('Ann'), await farm.join('Bob'), await farm.join('Cid')];
  const team = await makeTeam(ann, [
    [bob, 'manager'],
    [cid, 'viewer'],
  ]);
  const [annId, bobId, cidId] = [await idOf(ann), await idOf(bob), await idOf(cid)];
  const detail = TeamDetail.parse((await cid.send('GET', `/teams/${team}`)).body);
  assert.deepEqual(
    detail.members.map(({ person, role }) => [person.name, role]),
    [
      ['Ann', 'owner'],
      ['Bob', 'manager'],
      ['Cid', 'viewer'],
    ],
  );
  const of = (person: string) => `/teams/${team}/members/${person}`;
  assert.equal((await cid.send('PATCH', of(bobId), { role: 'viewer' })).status, 403);
  assert.equal((await bob.send('PATCH', of(annId), { role: 'viewer' })).status, 403);
  assert.equal((await bob.send('PATCH', of(cidId), { role: 'member' })).status, 204);
  assert.equal((await bob.send('PATCH', `/teams/${team}`, { name: 'Bobs' })).status, 403);
  assert.equal((await ann.send('PATCH', `/teams/${team}`, { name: 'Studio' })).body.name, 'Studio');

  const alone = await ann.send('POST', `/teams/${team}/leave`);
  assert.deepEqual([alone.status, alone.body.code], [409, 'last-owner']);
  assert.match(
    String(alone.body.detail),
    /You are the last owner of this team\. Make somebody else an owner/,
  );
  assert.equal((await bob.send('POST', `/teams/${team}/hand-over`, { person: cidId })).status, 403);
  assert.equal((await ann.send('POST', `/teams/${team}/hand-over`, { person: bobId })).status, 204);
  assert.equal((await ann.send('POST', `/teams/${team}/leave`)).status, 204);
  assert.ok(farm.rechecks() > 0);
  const left = TeamList.parse((await ann.send('GET', '/teams')).body);
  assert.deepEqual(
    left.teams.map(({ name, personal, members }) => [name, personal, members]),
    [['Ann', true, 1]],
  );
  // The cookie still names it, and opens nothing.
  assert.equal((await ann.send('GET', `/teams/${team}`)).status, 404);
  const own = left.teams[0]?.id;
  const stays = await ann.send('POST', `/teams/${own}/leave`);
  assert.equal(stays.body.code, 'own-team');
  assert.equal((await ann.send('DELETE', `/teams/${own}`)).body.code, 'own-team');
  assert.equal((await ann.send('POST', `/teams/${own}/invitations`, {})).body.code, 'own-team');
});

test('a team with jobs under way is not deleted, and of stored ones it is asked what becomes of them', async (t) => {
  const farm = await startPeopleFarm(t);
  const { db } = farm.parts;
  const ann = await farm.join('Ann');
  const team = await makeTeam(ann);
  const person = await idOf(ann);
  const addJob = async (id: string, state: string) =>
    db
      .insertInto('jobs')
      .values({
        ...{ id: id as never, team_id: team as never, person_id: person as never, kind: 'blender', name: id },
        ...{ state: state as never, priority: 0, spec_json: '{}', created_at: 1, updated_at: 1 },
        ...{ state_from: null, state_code: null, state_message: null, given_json: null },
        ...{ settings_json: null, finished_at: null },
      })
      .execute();
  await addJob('job_00000001', 'completed');
  await addJob('job_00000002', 'running');
  const busy = await ann.send('DELETE', `/teams/${team}?jobs=delete`);
  assert.deepEqual([busy.status, busy.body.code], [409, 'jobs-under-way']);
  await db
    .updateTable('jobs')
    .set({ state: 'canceled' })
    .where('id', '=', 'job_00000002' as never)
    .execute();
  const asked = await ann.send('DELETE', `/teams/${team}`);
  assert.deepEqual(
    [asked.status, asked.body.code, asked.body.choices],
    [409, 'jobs-stored', ['delete', 'keep']],
  );
  assert.equal((await ann.send('DELETE', `/teams/${team}?jobs=keep`)).status, 204);
  const [own] = TeamList.parse((await ann.send('GET', '/teams')).body).teams;
  const kept = await db.selectFrom('jobs').select(['id', 'team_id']).orderBy('id').execute();
  assert.deepEqual(
    kept.map((job) => job.team_id),
    [own?.id, own?.id],
  );

  const second = await makeTeam(ann);
  await db
    .updateTable('jobs')
    .set({ team_id: second as never })
    .execute();
  assert.equal((await ann.send('DELETE', `/teams/${second}?jobs=delete`)).status, 204);
  assert.equal((await db.selectFrom('jobs').select('id').execute()).length, 0);
  assert.equal(
    (
      await db
        .selectFrom('teams')
        .select('id')
        .where('id', '=', second as never)
        .execute()
    ).length,
    0,
  );
});

test('another team answers like one that is not there, also to whoever is in it and acts elsewhere', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ann, bob] = [await farm.join('Ann'), await farm.join('Bob')];
  const team = await makeTeam(ann);
  const never = 'tea_00000000000000000000';
  for (const [method, rest, body] of [
    ['GET', ''],
    ['PATCH', '', { name: 'Mine' }],
    ['DELETE', ''],
    ['POST', '/leave'],
    ['GET', '/invitations'],
    ['POST', '/invitations', {}],
    ['POST', '/hand-over', { person: 'per_00000000000000000000' }],
  ] as const) {
    const [real, unknown] = [
      await bob.send(method, `/teams/${team}${rest}`, body),
      await bob.send(method, `/teams/${never}${rest}`, body),
    ];
    assert.equal(real.status, 404, `${method} ${rest}`);
    assert.deepEqual(real, unknown);
  }
  assert.deepEqual(
    await bob.send('PUT', '/account/team', { team }),
    await bob.send('PUT', '/account/team', { team: never }),
  );
});

test('keys: shown once, never more than their maker may, and gone at once', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  const team = await makeTeam(ann);
  const make = (scopes: string[], expiresAt: number | null, headers = {}) =>
    ann.send('POST', '/account/keys', { name: 'ci', scopes, expiresAt }, headers);
  const made = await make(['read', 'manage'], null);
  const key = String(made.body.key);
  assert.match(key, /^pilot_[\w-]{43}$/);
  const machine = farm.browser();
  const bearer = { authorization: `Bearer ${key}` };
  assert.equal((await machine.send('GET', '/account', undefined, bearer)).body.name, 'Ann');
  const { keys } = KeyList.parse((await ann.send('GET', '/account/keys')).body);
  assert.deepEqual(
    keys.map(({ name, team, current }) => [name, team.id, current]),
    [['ci', team, false]],
  );
  assert.ok(!JSON.stringify(keys).includes(key));
  assert.ok((keys[0]?.lastUsedAt ?? 0) > 0);

  // What a key makes is no more than the key.
  const byKey = (scopes: string[], expiresAt: number | null) =>
    machine.send('POST', '/account/keys', { name: 'more', scopes, expiresAt }, bearer);
  assert.equal((await byKey(['submit'], null)).status, 403);
  const short = String((await make(['read', 'manage'], Date.now() + 60_000)).body.key);
  const outlives = await machine.send(
    'POST',
    '/account/keys',
    { name: 'longer', scopes: ['read'], expiresAt: null },
    { authorization: `Bearer ${short}` },
  );
  assert.equal(outlives.status, 403);
  assert.equal((await make(['read'], 1)).body.code, 'ends-before-now');

  // With it goes the session that it opened, and the pages that live by that are looked at.
  const page = farm.browser();
  assert.equal((await page.send('POST', '/session', { key })).status, 200);
  assert.equal((await page.send('GET', '/account')).status, 200);
  const before = farm.rechecks();
  const id = keys[0]?.id;
  assert.equal((await ann.send('DELETE', `/account/keys/${id}`)).status, 204);
  assert.equal(farm.rechecks(), before + 1);
  assert.equal((await page.send('GET', '/account')).status, 401);
  assert.equal((await machine.send('GET', '/account', undefined, bearer)).body.code, 'wrong-key');
  assert.equal((await ann.send('DELETE', `/account/keys/${id}`)).status, 404);
  const bob = await farm.join('Bob');
  const [theirs] = KeyList.parse((await ann.send('GET', '/account/keys')).body).keys;
  assert.deepEqual(
    await bob.send('DELETE', `/account/keys/${theirs?.id}`),
    await bob.send('DELETE', '/account/keys/key_00000000000000000000'),
  );
});

test('who is taken out of a team has its keys no more, and their machines are theirs alone', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ann, bob] = [await farm.join('Ann'), await farm.join('Bob')];
  const team = await makeTeam(ann, [[bob, 'member']]);
  const bobId = await idOf(bob);
  const made = await bob.send('POST', '/account/keys', { name: 'k', scopes: ['read'], expiresAt: null });
  const { db } = farm.parts;
  await db
    .insertInto('workers')
    .values({
      ...{
        id: 'wrk_00000001' as never,
        identity_hash: 'x',
        person_id: bobId as never,
        team_id: team as never,
      },
      ...{ name: 'w', status: 'offline', slots: 1, capabilities_json: '{}', machine_json: '{}' },
      ...{ works_for: 'team', first_seen_at: 1, last_seen_at: 1, connected_at: null },
    })
    .execute();
  assert.equal((await ann.send('DELETE', `/teams/${team}/members/${bobId}`)).status, 204);
  const bearer = { authorization: `Bearer ${made.body.key}` };
  assert.equal((await farm.browser().send('GET', '/account', undefined, bearer)).status, 401);
  const worker = await db.selectFrom('workers').select(['team_id', 'works_for']).executeTakeFirst();
  const [own] = TeamList.parse((await bob.send('GET', '/teams')).body).teams;
  assert.deepEqual({ ...worker }, { team_id: own?.id, works_for: 'owner' });
});
