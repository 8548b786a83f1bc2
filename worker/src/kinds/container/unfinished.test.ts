import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dockerArchive } from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import { until } from '../../../../tests/support/until.ts';
import { findEngine } from './engine.ts';
import { createImageUsers } from './image-users.ts';
import { createNames } from './names.ts';
import { createUnfinished } from './unfinished.ts';

const HALF = fileURLToPath(new URL('unpack-half.fixture.ts', import.meta.url));

test('what a podman leaves that is killed while it unpacks goes at the next start, and not while another worker is there', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pilot-unfinished-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, 'containers');
  const archive = join(root, 'image.tar');
  const entries = [{ name: 'bytes', content: randomBytes(8 << 20) }];
  await writeFile(archive, await dockerArchive({ entries }));
  const copies = join(folder, 'copies/loaded');
  const namesIn = (path: string) => readdir(path).catch(() => []);

  // Another process, which is killed with the podman that it gives the first half of an image to.
  const worker = execFile(process.execPath, [HALF, folder, archive]);
  const pids: string[] = [];
  worker.stdout?.on('data', (text) => pids.push(...String(text).split('\n').filter(Boolean)));
  t.after(() => worker.kill('SIGKILL'));
  await until(async () => pids.length > 0, 'no podman was started', 20_000);
  await until(
    async () => {
      const [own] = await namesIn(copies);
      return own !== undefined && (await namesIn(join(copies, own))).length > 0;
    },
    'podman copied nothing',
    20_000,
  );
  // Neither sees the other end, and cleans up.
  worker.kill('SIGSTOP');
  process.kill(Number(pids[0]), 'SIGKILL');
  worker.kill('SIGKILL');
  for (const pid of [Number(pids[0]), worker.pid ?? 0])
    await until(async () => !(await lives(pid)), 'it lives on');

  const engine = await findEngine(folder);
  assert.ok(engine?.stores, 'this machine has no podman');
  const newName = createNames(process.pid);
  const users = createImageUsers(join(folder, 'users'), newName);
  const unfinished = createUnfinished({ engine, folder, users, newName });
  const mark = join(engine.stores.loaded, 'mark');
  await mkdir(engine.stores.loaded, { recursive: true });
  await writeFile(mark, 'a layer of nothing');
  const other = await users.use('loaded');
  await unfinished.clear();
  const [own = ''] = await namesIn(copies);
  assert.deepEqual(await namesIn(join(copies, own)), [], 'its copies stayed');
  assert.equal(await readFile(mark, 'utf8'), 'a layer of nothing');
  await other.end();
  await unfinished.clear();
  assert.deepEqual([await namesIn(copies), await namesIn(engine.stores.loaded)], [[], []]);
});

test('a folder is cleared after its work, and says of work that was cut that there is something to clear', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pilot-unfinished-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const engine = await findEngine(root);
  assert.ok(engine?.stores, 'this machine has no podman');
  const newName = createNames(process.pid);
  const users = createImageUsers(join(root, 'users'), newName);
  const { during, clear } = createUnfinished({ engine, folder: root, users, newName });
  const put = async ({ TMPDIR = '' }: Record<string, string>) => writeFile(join(TMPDIR, 'copy'), 'bytes');
  await during('making', put);
  assert.deepEqual(await readdir(join(root, 'copies/making')), []);
  await during('making', async (env, cut) => put(env).then(cut));
  const [kept = ''] = await readdir(join(root, 'copies/making'));
  assert.deepEqual(await readdir(join(root, 'copies/making', kept)), []);
  // Its process lives: it may be at the next piece of work.
  await clear();
  assert.deepEqual(await readdir(join(root, 'copies/making')), [kept]);
});

const lives = (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  );
