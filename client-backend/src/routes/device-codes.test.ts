import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTeam, startPeopleFarm } from '../people/people-farm.fixture.ts';

test('a program gets a key once somebody says yes, for the team that they act in', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  const team = await makeTeam(ann);
  const program = farm.browser();
  const asked = await program.send('POST', '/device-codes', {
    name: 'pilot on laptop',
    scopes: ['read', 'submit'],
  });
  const { userCode, deviceCode, url } = asked.body;
  assert.match(String(userCode), /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.equal(url, `https://farm.example/device#${userCode}`);
  assert.equal((await program.send('GET', `/device-codes/${userCode}`)).status, 401);
  // As somebody types it.
  const typed = String(userCode).toLowerCase().replace('-', ' ');
  const seen = (await ann.send('GET', `/device-codes/${encodeURIComponent(typed)}`)).body;
  assert.deepEqual(
    [seen.name, seen.scopes, seen.address],
    ['pilot on laptop', ['read', 'submit'], '127.0.0.1'],
  );
  assert.equal((await ann.send('POST', `/device-codes/${userCode}/approve`)).status, 200);
  const { state, key, ...who } = (await program.send('POST', '/device-codes/poll', { deviceCode })).body;
  assert.deepEqual([state, (who.team as { id: string }).id], ['approved', team]);
  const bearer = { authorization: `Bearer ${key}` };
  assert.equal((await program.send('GET', '/account', undefined, bearer)).body.name, 'Ann');
  assert.equal((await program.send('POST', '/teams', { name: 'x' }, bearer)).status, 403);
});

test('a code that was refused, or is over, opens nothing', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  const program = farm.browser();
  const ask = async () =>
    (await program.send('POST', '/device-codes', { name: 'pilot', scopes: ['read'] })).body;
  const poll = async ({ deviceCode }: Record<string, unknown>) =>
    (await program.send('POST', '/device-codes/poll', { deviceCode })).body;
  const refused = await ask();
  await ann.send('POST', `/device-codes/${refused.userCode}/refuse`);
  assert.equal((await poll(refused)).state, 'refused');
  assert.equal((await poll(refused)).code, 'device-code-unknown');
  const late = await ask();
  farm.pass(10 * 60_000);
  assert.equal((await ann.send('POST', `/device-codes/${late.userCode}/approve`)).status, 404);
  assert.equal((await poll(late)).code, 'device-code-unknown');
});

test('nobody tries codes out, or fills the farm with them', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  for (let i = 0; i < 10; i += 1)
    assert.equal((await ann.send('GET', `/device-codes/BBBB-BBB${'BCDFGHJKLM'[i]}`)).status, 404);
  assert.equal((await ann.send('GET', '/device-codes/BBBB-BBBZ')).status, 429);
  const ask = () => farm.browser().send('POST', '/device-codes', { name: 'pilot', scopes: ['read'] });
  for (let i = 0; i < 10; i += 1) assert.equal((await ask()).status, 201);
  assert.equal((await ask()).status, 429);
});
