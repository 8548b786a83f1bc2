import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { choosePorts } from './choose-ports.ts';
import { lockDataFolder } from './lock.ts';
import { findFarm, removePresence, writePresence } from './presence.ts';
import { isFarmInUse, useFarm } from './users.ts';

describe('one data folder', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-data-'));
  });
  after(() => rm(folder, { recursive: true }));

  test('is held by one farm at a time', async () => {
    const lock = await lockDataFolder(folder);
    assert.ok(lock);
    assert.equal(await lockDataFolder(folder), null);
    lock.release();
    const again = await lockDataFolder(folder);
    assert.ok(again);
    again.release();
  });

  test('tells where its farm is, for this user alone, while it answers', async (t) => {
    const server = createServer((_, reply) => {
      reply.setHeader('content-type', 'application/json');
      reply.end(JSON.stringify({ ok: true, version: '0.1.0', problems: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const url = `http://127.0.0.1:${address.port}`;
    await writePresence(folder, { url, pid: process.pid, children: [] });
    assert.equal((await findFarm(folder))?.url, url);
    assert.equal((await stat(join(folder, 'farm.json'))).mode & 0o777, 0o600);
    await removePresence(folder);
    assert.equal(await findFarm(folder), null);
  });

  test('knows who else uses its farm, as long as they live', async () => {
    assert.equal(await isFarmInUse(folder), false);
    const use = await useFarm(folder);
    assert.equal(await isFarmInUse(folder), true);
    await use.release();
    await writeFile(join(folder, 'in-use', String(2 ** 22 + 1)), '');
    assert.equal(await isFarmInUse(folder), false);
  });

  test('whose farm was killed has none', async () => {
    await writePresence(folder, { url: 'http://127.0.0.1:9', pid: 2 ** 22 + 1, children: [] });
    assert.equal(await findFarm(folder), null);
  });
});

test('a taken port is named, with the way out', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const chosen = await choosePorts('127.0.0.1', {
    kind: 'fixed',
    port: address.port,
    balancerPort: address.port + 1,
  });
  assert.match(
    chosen.ok ? '' : chosen.message,
    new RegExp(`^Port ${address.port} is taken by another program.*--port`),
  );
});
