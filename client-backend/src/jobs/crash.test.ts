import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { stagesOf } from '@parallel-pilot/shared/server/db/stages.ts';
import sharp from 'sharp';
import { until } from '../../../tests/support/until.ts';
import {
  finishChunk,
  openStage,
  PROBE,
  probed,
  renderFrames,
  startTestFarm,
  stateOfJob,
  type TestFarm,
} from './test-farm.fixture.ts';

test('killed while it plans 50,000 frames: they are planned whole, and once', async (t) => {
  const { farm, folder } = await farmIn(t);
  const job = await farm.addJob({ settings: { frames: '1-50000' } });
  await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: PROBE });
  const backend = startBackend(t, folder);
  for await (const line of backend.stdout) if (String(line).includes('planning')) break;
  await kill(backend);
  assert.equal((await stagesOf(farm.parts.db, job)).length, 1, 'half a stage was left behind');

  await farm.parts.engine.sweep();
  const stages = await stagesOf(farm.parts.db, job);
  assert.deepEqual(
    stages.map(({ name, state }) => [name, state]),
    [
      ['probe', 'closed'],
      ['render', 'open'],
    ],
  );
  const counts = await countChunks(
    farm.parts.db,
    stages.map((stage) => stage.id),
  );
  assert.deepEqual([...counts.values()], [{ done: 1 }, { queued: 50_000 }]);
});

test('killed while ffmpeg works: the next one ends what was left and completes the job', async (t) => {
  const { farm, folder } = await farmIn(t);
  const job = await farm.addJob({ settings: { frames: '1-40', ...SIZE } });
  await probed(farm.parts, job);
  await renderFrames(farm.parts, job, noise(320, 180));
  const backend = startBackend(t, folder);
  const file = join(folder, 'stitch', job, 'ffmpeg.pid');
  const pid = Number(await until(() => readFile(file, 'utf8'), 'ffmpeg was not started'));
  await kill(backend);
  assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');

  await completed(farm, job);
  assert.ok(!isFfmpeg(pid), 'the ffmpeg of the killed process still runs');
  const artifacts = await listArtifacts(farm.parts.db, job);
  assert.deepEqual(
    artifacts.map((one) => one.name),
    ['cubes.mp4'],
  );
  assert.deepEqual(await readdir(join(folder, 'stitch')), []);
});

test('a full disk: the job says so, and goes on by itself when there is room', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-disk-'));
  const mounted = mountSmallDisk(folder);
  // The database lies elsewhere: this is about the disk of the blobs alone.
  const databaseUrl = `sqlite:${await databaseFile(t)}`;
  const { farm } = await farmIn(t, { dataFolder: folder, databaseUrl });
  t.after(async () => {
    if (mounted) execFileSync('umount', ['-l', folder]);
    await rm(folder, { recursive: true, force: true });
  });
  if (!mounted) return t.skip('needs to mount a small disk, which takes root on Linux');
  const job = await farm.addJob({ settings: { frames: '1-12', ...SIZE } });
  await probed(farm.parts, job);
  await renderFrames(farm.parts, job, noise(320, 180));
  const { blocks, bfree, bsize } = await statfs(folder);
  execFileSync('mount', ['-o', `remount,size=${(blocks - bfree) * bsize + 65_536}`, folder]);

  const engine = farm.parts.engine;
  await engine.advance(job);
  const note = await until(
    async () => (await listNotes(farm.parts.db, job)).find((one) => one.code === 'waiting-disk-full'),
    'nothing was said of the full disk',
  );
  assert.match(note.message, /disk of the farm is full.*goes on by itself/);
  assert.equal((await stateOfJob(farm.parts, job)).state, 'assembling');

  // Room beside what the farm keeps free.
  execFileSync('mount', ['-o', 'remount,size=256m', folder]);
  farm.parts.clock = () => Date.now() + 60_000;
  await completed(farm, job);
  assert.deepEqual(await listNotes(farm.parts.db, job), [], 'it still says that it waits');
});

type Place = { dataFolder: string; databaseUrl?: string };

async function farmIn(t: TestContext, place?: Place): Promise<{ farm: TestFarm; folder: string }> {
  const folder = place?.dataFolder ?? (await mkdtemp(join(tmpdir(), 'pilot-crash-')));
  const farm = await startTestFarm(place ?? { dataFolder: folder });
  t.after(async () => {
    await farm.stop();
    if (place === undefined) await rm(folder, { recursive: true, force: true });
  });
  await farm.addWorker();
  return { farm, folder };
}

async function databaseFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-database-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'farm.sqlite');
}

function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

type Backend = ChildProcessByStdio<null, Readable, null>;

function startBackend(t: TestContext, folder: string): Backend {
  const program = new URL('./crash.fixture.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  return child;
}

async function kill(backend: Backend): Promise<void> {
  const over = once(backend, 'exit');
  backend.kill('SIGKILL');
  await over;
}

async function completed(farm: TestFarm, job: JobId): Promise<void> {
  await until(
    async () => {
      await farm.parts.engine.sweep();
      return (await stateOfJob(farm.parts, job)).state === 'completed';
    },
    'the job was not completed',
    60_000,
  );
}

/** The number may belong to another program by now. */
function isFfmpeg(pid: number): boolean {
  try {
    return execFileSync('ps', ['-o', 'stat=,args=', '-p', String(pid)], { encoding: 'utf8' }).includes(
      'ffmpeg -',
    );
  } catch {
    return false;
  }
}

const SIZE = { resolutionX: 320, resolutionY: 180 };
const noise = (width: number, height: number) => async () => {
  const grain = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const image = sharp({ create: { width, height, channels: 3, background: 'red', noise: grain } });
  return { bytes: await image.png().toBuffer(), width, height, mediaType: 'image/png' };
};
