import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BlobHash, newId } from '@parallel-pilot/shared/model/ids.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import { until } from '../../../tests/support/until.ts';
import { FakeFarm } from '../agent/fixtures/fake-farm.ts';
import { createWorkerLog } from '../log.ts';
import { Assets, type Prepared } from './assets.ts';
import { blobAddress } from './blob-address.ts';

test('chunks that wait for one file share its download and its folder', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const scene = farm.addBlob('scene', 'shots/main.blend');
  const wood = farm.addBlob('wood', 'textures/wood.png');
  const chunks = [assign([scene, wood]), assign([scene, wood]), assign([wood, scene])];
  const folders = (await Promise.all(chunks.map((it) => assets.prepare(it, never)))).map(folderOf);
  assert.equal(new Set(folders).size, 1);
  assert.equal(farm.requests.length, 2);
  assert.equal(readFileSync(join(folders[0] ?? '', 'textures/wood.png'), 'utf8'), 'wood');
  assert.deepEqual(new Set(assets.cache.hashes), new Set([scene.hash, wood.hash]));
});

test('two jobs of equal inputs share the download, and not the folder', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const scene = farm.addBlob('scene', 'main.blend');
  const mine = folderOf(await assets.prepare(assign([scene]), never));
  const theirs = folderOf(await assets.prepare(assign([scene], newId('job', randomBytes)), never));
  assert.notEqual(mine, theirs);
  assert.equal(farm.requests.length, 1);
});

test('a file of two teams is fetched for each, though it is the same, and both at once', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const scene = farm.addBlob('scene', 'main.blend');
  const of = (cacheScope: string) => ({ ...assign([scene], newId('job', randomBytes)), cacheScope });
  const both = await Promise.all([of('ours'), of('theirs')].map((it) => assets.prepare(it, never)));
  const [mine, theirs] = both.map((it) => join(folderOf(it), 'main.blend'));
  assert.equal(farm.requests.length, 2);
  assert.equal(readFileSync(theirs ?? '', 'utf8'), 'scene');
  // Not one file under two names either: what writes into one would change the other.
  assert.notEqual(statSync(mine ?? '').ino, statSync(theirs ?? '').ino);
  release(await assets.prepare(of('ours'), never));
  assert.equal(farm.requests.length, 2);
  // What the worker says of its cache tells nobody which file that is.
  assert.equal(assets.cache.hashes.length, 2);
  assert.ok(!assets.cache.hashes.includes(scene.hash));
});

test('a chunk that is taken back leaves the download to the others that wait', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const scene = farm.addBlob('scene', 'main.blend');
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  farm.onBlob = async () => {
    ask();
    await gate;
    return false;
  };
  const stop = new AbortController();
  const first = assets.prepare(assign([scene]), stop.signal);
  const second = assets.prepare(assign([scene]), never);
  await asked;
  stop.abort();
  const given = await first;
  assert.equal(given.ok ? 'ok' : given.code, 'canceled');
  open();
  assert.equal(readFileSync(join(folderOf(await second), 'main.blend'), 'utf8'), 'scene');
  assert.equal(farm.requests.length, 1);
});

test('a download that breaks goes on where it stopped', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const content = randomBytes(2_000_000);
  const scene = farm.addBlob(content, 'main.blend');
  farm.onBlob = (_request, response) => {
    if (farm.requests.length > 1) return false;
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 1_000_000), () => response.destroy());
    return true;
  };
  const folder = folderOf(await assets.prepare(assign([scene]), never));
  assert.deepEqual(readFileSync(join(folder, 'main.blend')), content);
  const [, resumed] = farm.requests;
  assert.match(resumed?.range ?? '', /^bytes=[1-9]\d*-$/);
});

test('bytes that are not those that were named are asked for once more, then refused', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const scene = farm.addBlob('scene', 'main.blend');
  farm.blobs.set(scene.hash, Buffer.from('sceme'));
  const given = await assets.prepare(assign([scene]), never);
  assert.equal(given.ok ? 'ok' : given.code, 'input-missing');
  assert.equal(farm.requests.length, 2);
  assert.deepEqual(assets.cache.hashes, []);
});

test('a file that the farm does not have is a clear failure', async (t) => {
  const { farm, assets, assign } = await setUp(t);
  const scene = farm.addBlob('scene', 'main.blend');
  farm.blobs.clear();
  const given = await assets.prepare(assign([scene]), never);
  assert.deepEqual(given, {
    ok: false,
    code: 'input-missing',
    message: 'A file of the job could not be fetched by the worker. The farm does not have it.',
  });
});

test('a farm out of reach for long is no missing file', async (t) => {
  const { farm, assign, reopen } = await setUp(t);
  farm.onBlob = (_request, response) => {
    response.writeHead(503).end();
    return true;
  };
  const given = await (await reopen(0)).prepare(assign([farm.addBlob('scene', 'main.blend')]), never);
  assert.equal(given.ok ? 'ok' : given.code, 'out-of-reach');
});

test('a download begun by a process that died is taken up again', async (t) => {
  const { farm, assets, assign, folder } = await setUp(t);
  const content = randomBytes(100_000);
  const scene = farm.addBlob(content, 'main.blend');
  await writeFile(join(folder, 'cache', 'partial', scene.hash), content.subarray(0, 60_000));
  const given = folderOf(await assets.prepare(assign([scene]), never));
  assert.deepEqual(readFileSync(join(given, 'main.blend')), content);
  assert.deepEqual(
    farm.requests.map((it) => it.range),
    ['bytes=60000-'],
  );
});

test('a full disk is a clear failure, after what nobody needs was given up', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('this system has no /dev/full');
  const { farm, assets, assign, folder } = await setUp(t);
  release(await assets.prepare(assign([farm.addBlob('old', 'old.blend')]), never));
  const scene = farm.addBlob('scene', 'main.blend');
  await symlink('/dev/full', join(folder, 'cache', 'partial', scene.hash));
  const given = await assets.prepare(assign([scene]), never);
  assert.equal(given.ok ? 'ok' : given.code, 'disk-full');
  assert.deepEqual(assets.cache.hashes, []);
});

test('what the farm has no use for any more leaves the cache and the folders, but for what is in use', async (t) => {
  const { farm, assets, assign, changes } = await setUp(t);
  const [old, kept, used] = ['old', 'kept', 'used'].map((name) => farm.addBlob(name, name));
  assert.ok(old !== undefined && kept !== undefined && used !== undefined);
  const first = await assets.prepare(assign([old, kept]), never);
  const second = await assets.prepare(assign([used]), never);
  release(first);
  assets.cache.forget([old.hash, used.hash, 'f'.repeat(64) as BlobHash]);
  assert.deepEqual(new Set(assets.cache.hashes), new Set([kept.hash, used.hash]));
  assert.deepEqual(changes.removed, [old.hash]);
  await until(() => !existsSync(folderOf(first)), 'a folder still links to what is gone');
  assert.equal(readFileSync(join(folderOf(second), 'used'), 'utf8'), 'used');
});

test('the least recently used file goes above the limit, but none that a held chunk uses', async (t) => {
  const { farm, assets, assign, changes, folder } = await setUp(t, 250);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => farm.addBlob(name.repeat(100), `${name}.blend`));
  assert.ok(a && b && c);
  const held = await assets.prepare(assign([a]), never);
  const used = await assets.prepare(assign([b]), never);
  release(used);
  const third = await assets.prepare(assign([c]), never);
  assert.deepEqual(new Set(assets.cache.hashes), new Set([a.hash, c.hash]));
  assert.deepEqual(changes.removed, [b.hash]);
  assert.equal(existsSync(folderOf(held)), true);
  assert.equal(existsSync(join(folder, 'cache', b.hash)), false);
  release(third);
  release(held);
  await assets.prepare(assign([b]), never);
  assert.deepEqual(assets.cache.hashes, [b.hash, a.hash]);
});

test('the cache is there after a restart, without a file that was changed meanwhile', async (t) => {
  const { farm, assets, assign, reopen, folder } = await setUp(t);
  const [a, b] = [farm.addBlob('aaaa', 'a.blend'), farm.addBlob('bbbb', 'b.blend')];
  release(await assets.prepare(assign([a, b]), never));
  appendFileSync(join(folder, 'cache', a.hash), 'written by a script');
  const again = await reopen();
  assert.equal(again.cache.hashes.length, 2);
  farm.requests.length = 0;
  const given = folderOf(await again.prepare(assign([a, b]), never));
  assert.equal(readFileSync(join(given, 'a.blend'), 'utf8'), 'aaaa');
  assert.deepEqual(
    farm.requests.map((it) => it.hash),
    [a.hash],
  );
  assert.equal(statSync(join(given, 'b.blend')).nlink, 2, 'linked from the cache, not copied');
});

test('what an earlier process left is hashed before it is used: after a power cut a file may hold zeros', async (t) => {
  const { farm, assets, assign, reopen, folder } = await setUp(t);
  const a = farm.addBlob('aaaa', 'a.blend');
  release(await assets.prepare(assign([a]), never));
  const file = join(folder, 'cache', a.hash);
  const { atime, mtime } = statSync(file);
  writeFileSync(file, Buffer.alloc(4));
  utimesSync(file, atime, mtime);
  const given = folderOf(await (await reopen()).prepare(assign([a]), never));
  assert.equal(readFileSync(join(given, 'a.blend'), 'utf8'), 'aaaa');
});

test('what was made here is not fetched for the next stage, and goes when the stage is done once more', async (t) => {
  const { farm, assets, assign, folder } = await setUp(t);
  const [small, large] = [farm.addBlob('small', 'a.npz'), farm.addBlob('large', 'b.npz')];
  const job = newId('job', randomBytes);
  const made = join(folder, 'made');
  writeFileSync(made, 'large');
  const first = { ...assign([], job), stageName: 'train' };
  await assets.keep(first, small, Buffer.from('small'));
  await assets.keep(first, large, made);
  rmSync(made);
  const merge = await assets.prepare(assign([small, large], job), never);
  assert.equal(readFileSync(join(folderOf(merge), 'b.npz'), 'utf8'), 'large');
  assert.deepEqual(farm.requests, []);
  const second = { ...assign([], job), stageName: 'train' };
  const other = farm.addBlob('other', 'a.npz');
  await assets.keep(second, other, Buffer.from('other'));
  assert.equal(assets.cache.hashes.length, 3, 'what a chunk works with goes from under it');
  release(merge);
  await assets.keep({ ...second, stage: newId('stg', randomBytes) }, small, Buffer.from('small'));
  assert.ok(!assets.cache.hashes.includes(other.hash));
});

test('folders of jobs that are over do not pile up', async (t) => {
  const { farm, assets, assign, folder } = await setUp(t);
  for (let n = 0; n < 20; n += 1) {
    release(await assets.prepare(assign([farm.addBlob(`scene ${n}`, 'main.blend')]), never));
  }
  const last = farm.addBlob('scene 0', 'main.blend');
  assert.equal(
    readFileSync(join(folderOf(await assets.prepare(assign([last]), never)), 'main.blend'), 'utf8'),
    'scene 0',
  );
  assert.ok(readdirSync(join(folder, 'inputs')).length <= 10);
});

const never = new AbortController().signal;

function folderOf(prepared: Prepared): string {
  if (!prepared.ok) throw new Error(prepared.message);
  return prepared.folder;
}

function release(prepared: Prepared): void {
  if (!prepared.ok) throw new Error(prepared.message);
  prepared.release();
}

async function setUp(t: TestContext, limitBytes = 1e9) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-assets-'));
  const farm = await FakeFarm.start();
  t.after(async () => {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const changes = { added: [] as BlobHash[], removed: [] as BlobHash[] };
  const reopen = (giveUpMs = 600_000) =>
    Assets.open({
      cacheFolder: join(folder, 'cache'),
      stageRoot: join(folder, 'inputs'),
      limitBytes,
      giveUpMs,
      address: (hash, access) => blobAddress(farm.url, hash, access),
      log: createWorkerLog({ name: 'worker', level: 'silent', readable: false }),
      onChange({ added, removed }) {
        changes.added.push(...added);
        changes.removed.push(...removed);
      },
    });
  // Each set of inputs belongs to a stage of its own.
  const stages = new Map<string, Assign['stage']>();
  const oneJob = newId('job', randomBytes);
  const assign = (inputs: StageInput[], job = oneJob): Assign => {
    const key = JSON.stringify([job, inputs]);
    const stage = stages.get(key) ?? newId('stg', randomBytes);
    stages.set(key, stage);
    return farm.newAssign({}, { inputs, stage, job });
  };
  return { folder, farm, assets: await reopen(), assign, changes, reopen };
}
