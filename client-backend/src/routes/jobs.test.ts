import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { ArtifactList, ChunkDetail, ChunkList, JobLog, Timeline } from '@parallel-pilot/shared/api/chunks.ts';
import { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { chunkId, type JobId, newId } from '@parallel-pilot/shared/model/ids.ts';
import sharp from 'sharp';
import { fromBuffer } from 'yauzl';
import { until } from '../../../tests/support/until.ts';
import {
  askedBy,
  failChunk,
  openStage,
  probed,
  renderFrames,
  startTestFarm,
  stateOfJob,
  storeBytes,
  type TestFarm,
} from '../jobs/test-farm.fixture.ts';
import { frameRoutes } from '../kinds/blender/routes.ts';
import { artifactRoutes } from './artifacts.ts';
import { chunkRoutes } from './chunks.ts';
import { jobRoutes } from './jobs.ts';

let farm: TestFarm;
let app: OpenAPIHono;
before(async () => {
  farm = await startTestFarm();
  await farm.addWorker();
  const all = [jobRoutes, chunkRoutes, frameRoutes, artifactRoutes];
  app = askedBy(farm.by, ...all.map((routes) => routes(farm.parts)));
});
after(() => farm.stop());

const ask = (path: string, init?: RequestInit) => app.request(`/api/v1/jobs${path}`, init);
const send = (method: string, path: string, body: unknown) =>
  ask(path, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const jobOf = async (response: Response) => JobDetail.parse(await response.json());
const problemOf = async (response: Response) => Problem.parse(await response.json());

const SIZE = { resolutionX: 400, resolutionY: 200 };
const picture = async (frame: number, format: 'png' | 'tiff' = 'png') => {
  const background = { r: frame * 30, g: 90, b: 60 };
  const image = sharp({ create: { width: 400, height: 200, channels: 3, background } });
  const bytes = await (format === 'png' ? image.png() : image.tiff({ compression: 'deflate' })).toBuffer();
  return { bytes, width: 400, height: 200, mediaType: `image/${format}` };
};

async function completed(job: JobId): Promise<void> {
  await farm.parts.engine.advance(job);
  await until(async () => (await stateOfJob(farm.parts, job)).state === 'completed', 'not completed');
}

test('settings that no render can have are refused by name, and the job still waits for some', async () => {
  const job = await farm.addJob({ review: true });
  await probed(farm.parts, job);
  for (const [settings, sentence] of [
    [{ frames: '' }, /frames/i],
    [{ percentage: 0 }, /percentage/],
    [{ engine: 'LUX' }, /engine/],
    [{ bogus: 1 }, /"bogus" is not known here/],
    [{ percentag: 50 }, /did you mean "percentage"\?/],
  ] as const) {
    const refused = await send('PUT', `/${job}/settings`, settings);
    assert.equal(refused.status, 422, JSON.stringify(settings));
    assert.match((await problemOf(refused)).detail, sentence);
  }
  assert.equal((await stateOfJob(farm.parts, job)).state, 'ready');
});

test('submit, look at, rename, pause, cancel, retry; what is not possible is refused with a sentence', async () => {
  const blend = Buffer.concat([Buffer.from('BLENDER-v304ENDB'), Buffer.alloc(20)]);
  const { hash } = await storeBytes(farm.parts, blend, 'application/x-blender');
  const submission = {
    kind: 'blender',
    source: { blob: hash, fileName: 'cubes.blend' },
    settings: { frames: '1-2' },
  };
  const created = await send('POST', '', { ...submission, priority: 5 });
  assert.equal(created.status, 201, await created.clone().text());
  const job = await jobOf(created);
  assert.equal(created.headers.get('location'), `/api/v1/jobs/${job.id}`);
  assert.deepEqual([job.name, job.state, job.priority, job.stage], ['cubes', 'preparing', 5, 'probe']);
  assert.ok(job.view.kind === 'blender');
  assert.deepEqual(job.view.overrides, { frames: '1-2' });

  const sent = await (await ask(`/${job.id}/submission`)).json();
  const { source, settings } = submission;
  const chosen = { kind: sent.kind, source: sent.source, settings: sent.settings };
  assert.deepEqual(chosen, { kind: 'blender', source, settings });
  assert.equal((await send('POST', '', { ...sent, name: 'the same once more' })).status, 201);

  const malformed = await send('POST', '', { ...submission, settings: { frames: '1-5,x' } });
  assert.equal(malformed.status, 422);
  assert.match((await problemOf(malformed)).detail, /"x" at character 5/);
  const gone = { ...submission, source: { blob: 'f'.repeat(64), fileName: 'a.blend' } };
  assert.equal((await send('POST', '', gone)).status, 422);

  const renamed = await jobOf(await send('PATCH', `/${job.id}`, { name: 'Cubes, take 2', priority: -1 }));
  assert.deepEqual([renamed.name, renamed.priority], ['Cubes, take 2', -1]);
  assert.equal((await jobOf(await ask(`/${job.id}/pause`, { method: 'POST' }))).state, 'paused');
  assert.equal((await jobOf(await ask(`/${job.id}/resume`, { method: 'POST' }))).state, 'preparing');
  const early = await send('PUT', `/${job.id}/settings`, {});
  assert.equal(early.status, 409);
  assert.match((await problemOf(early)).detail, /this one is having its file read/);
  const retry = await ask(`/${job.id}/retry`, { method: 'POST' });
  assert.deepEqual([retry.status, (await problemOf(retry)).code], [409, 'not-allowed']);

  await probed(farm.parts, job.id);
  const { id: stage } = await openStage(farm.parts, job.id);
  const chunks = ChunkList.parse(await (await ask(`/${job.id}/chunks`)).json());
  assert.deepEqual(
    chunks.chunks.map(({ label, number, state }) => [label, number, state]),
    [
      ['Frame 1', 1, 'queued'],
      ['Frame 2', 2, 'queued'],
    ],
  );
  assert.equal((await jobOf(await ask(`/${job.id}/cancel`, { method: 'POST' }))).state, 'canceled');
  await farm.parts.db
    .updateTable('chunks')
    .set({ state: 'canceled' })
    .where('stage_id', '=', stage)
    .execute();
  assert.equal((await jobOf(await ask(`/${job.id}/retry`, { method: 'POST' }))).state, 'queued');
  const again = await jobOf(await ask(`/${job.id}`));
  assert.deepEqual([again.counts.queued, again.finishedAt], [2, null]);

  const unknown = await ask('/job_00000000');
  assert.deepEqual([unknown.status, (await problemOf(unknown)).code], [404, 'job-unknown']);
  assert.equal((await ask('/job_00000000', { method: 'DELETE' })).status, 404);
});

test('frames and thumbnails as browsers want them, the video in ranges, all frames as a zip', async () => {
  const job = await farm.addJob({
    settings: { frames: '-1,2-3', format: 'TIFF', ...SIZE },
    name: 'Käse',
  });
  await probed(farm.parts, job);
  assert.equal((await ask(`/${job}/frames/2`)).status, 404);
  assert.match((await problemOf(await ask(`/${job}/frames/2`))).detail, /Frame 2 is not rendered yet/);
  assert.match((await problemOf(await ask(`/${job}/frames/9`))).detail, /does not render frame 9/);
  assert.deepEqual(ArtifactList.parse(await (await ask(`/${job}/artifacts`)).json()).artifacts, []);
  await renderFrames(farm.parts, job, (frame) => picture(Math.abs(frame), 'tiff'));

  const raw = await ask(`/${job}/frames/-1?download=1`);
  assert.equal(raw.headers.get('content-type'), 'image/tiff');
  assert.match(raw.headers.get('content-disposition') ?? '', /^attachment;.*UTF-8''K%C3%A4se_-0001\.tif$/);
  const etag = raw.headers.get('etag') ?? '';
  assert.equal((await ask(`/${job}/frames/-1`, { headers: { 'if-none-match': etag } })).status, 304);
  const preview = await sharp(
    Buffer.from(await (await ask(`/${job}/frames/2?preview=1`)).arrayBuffer()),
  ).metadata();
  assert.deepEqual([preview.format, preview.width, preview.height], ['webp', 400, 200]);
  const many = await Promise.all([1, 2, 3, 4].map(() => ask(`/${job}/frames/3/thumbnail`)));
  for (const response of many) {
    const small = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.deepEqual([small.format, small.width, small.height], ['webp', 256, 128]);
  }

  await completed(job);
  const { artifacts } = ArtifactList.parse(await (await ask(`/${job}/artifacts`)).json());
  assert.deepEqual(
    artifacts.map(({ name, mediaType }) => [name, mediaType]),
    [
      ['Käse.mp4', 'video/mp4'],
      ['frames.zip', 'application/zip'],
      ['all.zip', 'application/zip'],
    ],
  );
  assert.equal(artifacts[1]?.size, null);
  const video = artifacts[0]?.url ?? '';
  const part = await app.request(video, { headers: { range: 'bytes=4-11' } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 4-11/${artifacts[0]?.size}`);
  assert.match(await part.text(), /^ftyp/);
  const head = await app.request(video, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(artifacts[0]?.size)]);
  const stale = await app.request(video, { headers: { range: 'bytes=4-11', 'if-range': '"other"' } });
  assert.equal(stale.status, 200);
  assert.equal((await app.request(video, { headers: { range: 'bytes=99999999-' } })).status, 416);

  const lost = await farm.parts.db
    .selectFrom('chunks')
    .innerJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .select('files_json')
    .where('chunks.job_id', '=', job)
    .where('ordinal', '=', 1)
    .where('files_json', 'like', '%frame%')
    .executeTakeFirstOrThrow();
  await farm.parts.blobs.delete(JSON.parse(lost.files_json ?? '[]')[0].hash);
  assert.deepEqual(await namesIn(await app.request(artifacts[1]?.url ?? '')), [
    'Käse_-0001.tif',
    'Käse_0003.tif',
  ]);
  assert.deepEqual(await namesIn(await app.request(artifacts[2]?.url ?? '')), [
    'Käse.mp4',
    'frames/Käse_-0001.tif',
    'frames/Käse_0003.tif',
  ]);
});

test('what went wrong can be read: the chunk with its attempts, the log, the timeline', async () => {
  const job = await farm.addJob({ settings: { frames: '5-6' } });
  await probed(farm.parts, job);
  const stage = await openStage(farm.parts, job);
  await failChunk(farm.parts, stage.id, 1, 'blender/died', 'Blender stopped.');
  const worker = await farm.addWorker();
  await farm.parts.db
    .insertInto('leases')
    .values({
      id: 'lse_00000001' as never,
      chunk_id: `${stage.id}.1` as never,
      job_id: job,
      worker_id: worker,
      granted_at: 1_000,
      started_at: 2_000,
      ended_at: 3_000,
      outcome: 'failed',
      failure_code: 'blender/died',
      failure_message: 'Blender stopped.',
      busy_ms: 1_000,
      log: 'Segmentation fault',
    })
    .execute();
  const chunk = ChunkDetail.parse(await (await ask(`/${job}/chunks/1`)).json());
  assert.deepEqual([chunk.number, chunk.state, chunk.problem?.code], [6, 'failed', 'blender/died']);
  assert.deepEqual([chunk.attemptsMade.length, chunk.attemptsMade[0]?.log], [1, 'Segmentation fault']);
  const log = JobLog.parse(await (await ask(`/${job}/log`)).json());
  assert.match(log.failures[0]?.label ?? '', /^Frame 6 on worker /);
  assert.match(log.failures[0]?.log ?? '', /Blender stopped\.\nSegmentation fault/);
  const { spans } = Timeline.parse(await (await ask(`/${job}/timeline`)).json());
  assert.ok(spans.some((span) => span.label === 'Frame 6' && span.from === 2_000 && span.to === 3_000));
  assert.equal((await ask(`/${job}/chunks/7`)).status, 404);
  await ask(`/${job}`, { method: 'DELETE' });
});

test('a deleted job takes its blobs with it, but not those that others use', async () => {
  const shared = await picture(1);
  const [first, second] = [
    await farm.addJob({ settings: { frames: '1-2', ...SIZE } }),
    await farm.addJob({ settings: { frames: '1', ...SIZE } }),
  ];
  await probed(farm.parts, first);
  await probed(farm.parts, second);
  await renderFrames(farm.parts, first, async (frame) => (frame === 1 ? shared : picture(7)));
  await renderFrames(farm.parts, second, async () => shared);
  await completed(first);
  const hashOf = async (bytes: Buffer) => (await storeBytes(farm.parts, bytes, 'image/png')).hash;
  const [both, own] = [await hashOf(shared.bytes), await hashOf((await picture(7)).bytes)];
  const [video] = ArtifactList.parse(await (await ask(`/${first}/artifacts`)).json()).artifacts;
  assert.equal((await ask(`/${first}/frames/1/thumbnail`)).status, 200);

  assert.equal((await ask(`/${first}`, { method: 'DELETE' })).status, 204);
  assert.equal((await ask(`/${first}`)).status, 404);
  assert.equal((await app.request(video?.url ?? '')).status, 404);
  await farm.parts.engine.sweepBlobs();
  assert.equal(await farm.parts.blobs.size(own), null);
  assert.notEqual(await farm.parts.blobs.size(both), null);
  assert.equal((await ask(`/${second}/frames/1`)).status, 200);
  assert.equal((await ask(`/${second}`, { method: 'DELETE' })).status, 204);
  await farm.parts.engine.sweepBlobs();
  assert.equal(await farm.parts.blobs.size(both), null);
});

function namesIn(response: Response): Promise<string[]> {
  return new Promise((resolve, reject) => {
    response.arrayBuffer().then((bytes) => {
      fromBuffer(Buffer.from(bytes), { lazyEntries: false }, (error, zip) => {
        if (error) return reject(error);
        const names: string[] = [];
        zip.on('entry', (entry) => names.push(entry.fileName));
        zip.on('end', () => resolve(names));
        zip.on('error', reject);
      });
    }, reject);
  });
}

test('a worker that was lost at work is noted, once for all it had', async () => {
  const worker = await farm.addWorker();
  const job = await farm.addJob();
  await probed(farm.parts, job);
  const stage = await openStage(farm.parts, job);
  for (const ordinal of [0, 1]) {
    await farm.parts.db
      .insertInto('leases')
      .values({
        id: newId('lse', farm.parts.random),
        chunk_id: chunkId(stage.id, ordinal),
        job_id: job,
        worker_id: worker,
        granted_at: 1_000,
        started_at: 1_000,
        ended_at: 2_000,
        outcome: 'expired',
        failure_code: 'lease-expired',
        failure_message: 'No word from the worker.',
        busy_ms: null,
        log: null,
      })
      .execute();
  }
  const { notes } = await jobOf(await ask(`/${job}`));
  const lost = notes.filter((note) => note.code === 'worker-lost');
  assert.equal(lost.length, 1);
  assert.match(lost[0]?.message ?? '', /^Worker .+ was lost while it had Frame \d, Frame \d\. Others/);
});
