import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ArtifactList } from '@parallel-pilot/shared/api/chunks.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends, strangersScene } from '../support/blends.ts';
import { type Farm, startFarm } from '../support/farm.ts';

let farm: Farm;
let blends: Blends;
before(async () => {
  [farm, blends] = await Promise.all([startFarm({ workers: 2 }), makeBlends()]);
});
after(async () => {
  await farm?.stop();
  await blends?.remove();
});

test('a .blend becomes a video and its frames, each frame rendered once', async () => {
  const { submit, reaches, json, request } = api(farm.url);
  const id = await submit(blends.path('quick'));
  const job = await reaches(id, 'completed');
  assert.equal(job.counts.done, 12);
  assert.equal(job.counts.total, 12);

  const leases = await farm.db
    .selectFrom('leases')
    .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .select(['leases.chunk_id', 'leases.worker_id'])
    .where('leases.job_id', '=', id)
    .where('leases.outcome', '=', 'done')
    .where('chunks.stage_id', '=', job.stageId)
    .execute();
  assert.equal(leases.length, 12);
  assert.equal(new Set(leases.map((lease) => lease.chunk_id)).size, 12);
  assert.equal(new Set(leases.map((lease) => lease.worker_id)).size, 2, 'both workers rendered');

  const { artifacts } = ArtifactList.parse(await json('GET', `/jobs/${id}/artifacts`));
  const video = artifacts.find((artifact) => artifact.mediaType === 'video/mp4');
  assert.ok(video, `no video among ${artifacts.map((a) => a.name).join(', ')}`);
  const bytes = Buffer.from(await (await fetch(`${farm.url}${video.url}`)).arrayBuffer());
  assert.deepEqual(await probeVideo(bytes), {
    codec: 'h264',
    width: 64,
    height: 36,
    frames: 12,
    rate: '24/1',
  });

  const part = await fetch(`${farm.url}${video.url}`, { headers: { range: 'bytes=100-199' } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));

  const frame = await request('GET', `/jobs/${id}/frames/7`);
  assert.equal(frame.headers.get('content-type'), 'image/png');
  assert.equal((await request('GET', `/jobs/${id}/frames/99`)).status, 404);
  const zip = artifacts.find((artifact) => artifact.name.endsWith('.zip'));
  assert.ok(zip);
  const list = await unzipList(Buffer.from(await (await fetch(`${farm.url}${zip.url}`)).arrayBuffer()));
  assert.equal(list.length, 12);
});

test('the same file again costs no upload, and its frames are equal byte for byte', async () => {
  const { submit, reaches, request, json } = api(farm.url);
  const jobs = await Promise.all([
    submit(blends.path('quick'), { settings: { frames: '3', video: 'none' } }),
    submit(blends.path('quick'), { settings: { frames: '3-4', video: 'none' } }),
  ]);
  for (const id of jobs) await reaches(id, 'completed');
  const images = await Promise.all(
    jobs.map(async (id) => Buffer.from(await (await request('GET', `/jobs/${id}/frames/3`)).arrayBuffer())),
  );
  assert.deepEqual(images[0], images[1]);
  const { artifacts } = ArtifactList.parse(await json('GET', `/jobs/${jobs[0]}/artifacts`));
  assert.ok(!artifacts.some((artifact) => artifact.mediaType.startsWith('video/')), 'no video was asked for');
});

for (const [name, settings] of [
  ['minor-bob/minor-bob.blend', { frames: '1-11x2' }],
  ['cubes.blend', { frames: '1-4', percentage: 10 }],
] as const) {
  const scene = strangersScene(name);
  test(`a stranger's scene, ${name}`, {
    skip: scene === null && 'this clone has no folder shared/scenes beside it',
  }, async () => {
    assert.ok(scene);
    const { submit, reaches } = api(farm.url);
    const id = await submit(scene, { settings });
    const job = await reaches(id, 'completed');
    assert.equal(job.counts.done, job.counts.total);
    if (name.startsWith('minor-bob')) {
      assert.ok(
        job.notes.some(
          (note) => note.code === 'file-missing' && note.message.includes('CharacterTexture.png'),
        ),
      );
    }
  });
}

async function probeVideo(bytes: Buffer) {
  const file = join(farm.folder, 'video.mp4');
  await writeFile(file, bytes);
  const { stdout } = await promisify(execFile)('ffprobe', [
    ...['-v', 'error', '-count_frames', '-select_streams', 'v:0', '-of', 'json'],
    ...['-show_entries', 'stream=codec_name,width,height,nb_read_frames,r_frame_rate', file],
  ]);
  const stream = JSON.parse(stdout).streams[0];
  return {
    codec: stream.codec_name,
    width: stream.width,
    height: stream.height,
    frames: Number(stream.nb_read_frames),
    rate: stream.r_frame_rate,
  };
}

async function unzipList(bytes: Buffer): Promise<string[]> {
  const file = join(farm.folder, 'frames.zip');
  await writeFile(file, bytes);
  const { stdout } = await promisify(execFile)('python3', ['-m', 'zipfile', '-l', file]);
  return stdout.trim().split('\n').slice(1);
}
