import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FarmSettings } from '@parallel-pilot/shared/api/farm-settings.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { farmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { startTestBackend, temporaryFolder } from '../app.fixture.ts';

for (const place of ['SQLite', 'MariaDB']) {
  test(`when deadlines go before others is set for the farm, in order only, on ${place}`, async (t) => {
    const server = place === 'MariaDB' ? await startMariaDb() : null;
    const folder = await temporaryFolder();
    const backend = await startTestBackend({
      dataFolder: folder.path,
      ...(server === null ? {} : { databaseUrl: server.url }),
    });
    t.after(async () => {
      await backend.stop();
      await server?.stop();
      await folder.remove();
    });
    const address = `${backend.url}/api/v1/settings`;
    const patch = (deadlines: object) =>
      fetch(address, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ deadlines }),
      });
    const defaults = { first: 0.2, preempt: 0.05 };
    const seen = async () => FarmSettings.parse(await (await fetch(address)).json()).deadlines;
    assert.deepEqual(await seen(), { first: null, preempt: null, defaults });

    assert.equal((await patch({ first: 0.5 })).status, 200);
    assert.equal((await patch({ preempt: 0.4 })).status, 200);
    assert.deepEqual(await seen(), { first: 0.5, preempt: 0.4, defaults });
    // Both at the same moment would leave it out of order: whoever comes second is refused.
    const both = await Promise.all([
      patch({ first: 0.42 }),
      patch({ first: null }),
      patch({ preempt: 0.45 }),
    ]);
    const { first, preempt } = await seen();
    assert.ok(
      (preempt ?? 0.05) <= (first ?? 0.2),
      `${first} ${preempt}, ${both.map(({ status }) => status)}`,
    );

    for (const [wrong, status] of [
      [{ first: 0.1, preempt: 0.2 }, 409],
      [{ first: 1.1 }, 400],
      [{ preempt: -0.1 }, 400],
      [{ preempt: 'soon' }, 400],
      [{ third: 0.1 }, 400],
    ] as const) {
      const refused = await patch(wrong);
      assert.equal(refused.status, status, JSON.stringify(wrong));
      assert.ok(Problem.parse(await refused.json()).detail.length > 20);
    }
    assert.equal((await patch({ first: null, preempt: null })).status, 200);
    const stored = { ...(await farmSettings(backend.parts.db)) };
    assert.deepEqual(stored, {
      deadline_first: null,
      deadline_preempt: null,
      private_addresses: null,
      kinds_json: null,
    });
  });
}

test('what admins set of a kind holds for what is submitted from then on, and is looked at as the kind has it', async (t) => {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  const send = async (method: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`${backend.url}/api/v1${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    return { status: reply.status, body: await reply.json() };
  };
  const run = (...words: string[]) => send('POST', '/jobs', { kind: 'command', words });
  const set = (changes: object) => send('PATCH', '/settings', { kinds: { command: changes } });
  assert.equal((await run('shutdown', 'now')).body.code, 'destructive');
  assert.equal((await run('xmrig', '-o', 'pool')).status, 201);

  assert.equal((await set({ allowed: ['shut-down'], texts: ['xmrig'] })).status, 200);
  assert.equal((await run('shutdown', 'now')).status, 201);
  const refused = await run('xmrig', '-o', 'pool');
  assert.deepEqual([refused.status, refused.body.code], [422, 'destructive']);
  assert.match(refused.body.detail, /holds "xmrig", which this farm does not take/);
  // Of the deadlines nothing was said: what stands of the kind stays.
  assert.equal((await send('PATCH', '/settings', { deadlines: { first: 0.3 } })).status, 200);
  for (const [wrong, sentence] of [
    [{ command: { allowed: ['everything'] } }, /There is no such sort/],
    [{ command: { texts: ['a'] } }, /three characters/],
    [{ comand: {} }, /nothing to set of jobs of the kind "comand"/],
  ] as const) {
    const { status, body } = await send('PATCH', '/settings', { kinds: wrong });
    assert.equal(status, 400);
    assert.match(body.detail, sentence);
  }
  const seen = FarmSettings.parse(await (await fetch(`${backend.url}/api/v1/settings`)).json());
  assert.deepEqual(seen.kinds, { command: { allowed: ['shut-down'], texts: ['xmrig'] } });
});
