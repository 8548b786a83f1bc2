import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { api } from '../support/api.ts';
import { makeBlends } from '../support/blends.ts';
import { startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

/** A small disk of its own; null where this user may not mount one. */
async function smallDisk(megabytes: number) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    async fill(leaving: number) {
      const { bavail, bsize } = await statfs(folder);
      // The farm writes at the same time, so the last bytes may be gone already.
      await appendFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaving))).catch(full);
    },
    free: () => rm(ballast, { force: true }),
    async remove() {
      await run('umount', ['-l', folder]);
      await rm(folder, { recursive: true });
    },
  };
}

function full(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOSPC') throw error;
}

test('a full disk at the backend is said clearly, and the job goes on when there is room again', async (t) => {
  const disk = await smallDisk(600);
  if (disk === null) return t.skip('this user may not mount a small disk');
  const blends = await makeBlends();
  // The database stands elsewhere: here it is the blobs that have no room.
  const databaseFolder = await mkdtemp(join(tmpdir(), 'pilot-db-'));
  const workerFolder = join(databaseFolder, 'worker');
  await mkdir(workerFolder);
  const farm = await startFarm({
    workers: 0,
    folder: disk.folder,
    logs: join(databaseFolder, 'logs'),
    databaseUrl: `sqlite:${join(databaseFolder, 'farm.sqlite')}`,
  });
  try {
    await farm.addWorker({ PILOT_WORKER_DATA: workerFolder });
    const { submit, reaches, json, job } = api(farm.url);
    const id = await submit(blends.path('steady'), { settings: { frames: '1-12' } });
    await until(
      async () => (await job(id)).counts.done >= 2 && (await job(id)).stage === 'render',
      'no frame was ever done',
    );
    await disk.fill(20_000);
    const health = await until(async () => {
      const response = await fetch(`${farm.url}/readyz`);
      const body = (await response.json()) as { problems: string[] };
      return body.problems.includes('disk') ? body : null;
    }, 'the backend never said that its disk is full');
    assert.ok(health);
    const refused = await fetch(`${farm.url}/api/v1/uploads`, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(5_000_000),
        'upload-metadata': 'filename Ym9i',
      },
    });
    assert.equal(refused.status, 507);
    assert.match(await refused.text(), /disk|space/i);
    await disk.free();
    const done = await reaches(id, 'completed');
    assert.equal(done.counts.done, 12);
    await json('GET', `/jobs/${id}/artifacts`);
  } finally {
    await farm.stop();
    await blends.remove();
    await disk.remove();
    await rm(databaseFolder, { recursive: true, force: true });
  }
});

test('a full disk at the only worker costs no frame: the job goes on when there is room again', async (t) => {
  const disk = await smallDisk(300);
  if (disk === null) return t.skip('this user may not mount a small disk');
  const blends = await makeBlends();
  const farm = await startFarm({ workers: 0 });
  try {
    const worker = await farm.addWorker({ PILOT_WORKER_DATA: disk.folder });
    const { submit, reaches, job } = api(farm.url);
    const id = await submit(blends.path('steady'), { settings: { frames: '1-40', video: 'none' } });
    await until(
      async () => (await job(id)).stage === 'render' && (await job(id)).counts.done >= 2,
      'no frame was ever done',
    );
    await until(async () => {
      // What the worker clears away in between would be room for the next frame.
      await disk.fill(0);
      return (await worker.log()).includes('"event":"disk.full"');
    }, 'the worker never met its full disk');
    const waiting = await job(id);
    assert.equal(waiting.state, 'running');
    assert.equal(waiting.counts.failed, 0);
    await disk.free();
    const done = await reaches(id, 'completed');
    assert.equal(done.counts.done, 40);
    const failed = await farm.db.selectFrom('leases').select('id').where('outcome', '=', 'failed').execute();
    assert.equal(failed.length, 0, 'a full disk was counted as a failure of a frame');
  } finally {
    await farm.stop();
    await blends.remove();
    await disk.remove();
  }
});
