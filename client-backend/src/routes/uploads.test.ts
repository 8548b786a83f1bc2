import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, readdir, utimes } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { UploadInfo } from '@parallel-pilot/shared/api/farm.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { Upload } from 'tus-js-client';
import { until } from '../../../tests/support/until.ts';
import { startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';
import { GRACE_MS } from '../jobs/sweep-blobs.ts';

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex') as BlobHash;

test('a file sent in parts becomes a blob, the same file twice the same one', async (t) => {
  const { backend } = await start(t);
  const bytes = randomBytes(3_000_000);
  const hash = hashOf(bytes);
  assert.equal((await fetch(`${backend.url}/api/v1/blobs/${hash}/info`)).status, 404);

  const first = await send(backend, bytes);
  assert.equal(first.blobHash, hash);
  assert.deepEqual(await buffer(backend.parts.blobs.read(hash)), bytes);
  assert.deepEqual(await infoOf(first.url), { offset: 3_000_000, size: 3_000_000, blob: hash });
  const info = await (await fetch(`${backend.url}/api/v1/blobs/${hash}/info`)).json();
  assert.deepEqual(info, { hash, size: 3_000_000, mediaType: 'application/octet-stream' });

  assert.equal((await send(backend, bytes)).blobHash, hash);
  const head = await fetch(first.url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
  assert.equal(head.headers.get('blob-hash'), hash);
  assert.match(head.headers.get('access-control-expose-headers') ?? '', /Blob-Hash/);
  assert.equal(head.headers.get('access-control-allow-origin'), null);
  assert.equal((await send(backend, Buffer.alloc(0))).blobHash, hashOf(Buffer.alloc(0)));
});

test('an upload cut in the middle goes on from where it was, in the same process and in the next', async (t) => {
  const { backend, folder } = await start(t);
  const bytes = randomBytes(2_000_000);
  const url = await create(backend, bytes.length);
  const first = await sendHalf(url, 0, bytes.subarray(0, 700_000));
  const second = await sendHalf(url, first, bytes.subarray(first, 1_500_000));
  assert.ok(first === 700_000 && second === 1_500_000, `${first}, ${second}`);
  assert.deepEqual(await infoOf(url), { offset: 1_500_000, size: 2_000_000, blob: null });
  await backend.stop();

  const next = await startTestBackend({ dataFolder: folder });
  t.after(() => next.stop());
  const resumed = await send(next, bytes, url.replace(backend.url, next.url));
  assert.equal(resumed.blobHash, hashOf(bytes));
  assert.deepEqual(resumed.offsets[0], 1_500_000);
  assert.deepEqual(await buffer(next.parts.blobs.read(hashOf(bytes))), bytes);
});

test('a PATCH that brings nothing to an upload that is complete is answered with its blob', async (t) => {
  const { backend } = await start(t);
  for (const bytes of [Buffer.alloc(0), randomBytes(50)]) {
    const url = await create(backend, bytes.length);
    if (bytes.length > 0) await send(backend, bytes, url);
    const headers = {
      'tus-resumable': '1.0.0',
      'upload-offset': String(bytes.length),
      'content-type': 'application/offset+octet-stream',
    };
    const empty = await fetch(url, { method: 'PATCH', headers, body: '' });
    assert.equal(empty.status, 204, `${bytes.length} bytes: ${await empty.text()}`);
    assert.equal(empty.headers.get('blob-hash'), hashOf(bytes));
  }
});

test('a connection that is silent but looks open does not keep the upload from going on', async (t) => {
  const { backend } = await start(t);
  const bytes = randomBytes(300_000);
  const url = await create(backend, bytes.length);
  const silent = begin(url, 0, bytes.subarray(0, 100_000), bytes.length);
  await until(async () => (await infoOf(url)).offset === 100_000, 'the bytes never arrived');
  const resumed = await send(backend, bytes, url);
  assert.deepEqual([resumed.blobHash, resumed.offsets[0]], [hashOf(bytes), 100_000]);
  silent.destroy();
});

test('an upload whose last reply was lost with the process is found complete', async (t) => {
  const { backend, folder } = await start(t);
  const bytes = randomBytes(50_000);
  const url = await create(backend, bytes.length);
  await sendHalf(url, 0, bytes.subarray(0, 40_000));
  await backend.stop();
  await appendFile(join(folder, 'uploads', url.split('/').at(-1) ?? ''), bytes.subarray(40_000));

  const next = await startTestBackend({ dataFolder: folder });
  t.after(() => next.stop());
  const head = await fetch(url.replace(backend.url, next.url), {
    method: 'HEAD',
    headers: { 'tus-resumable': '1.0.0' },
  });
  assert.equal(head.headers.get('upload-offset'), '50000');
  assert.equal(head.headers.get('blob-hash'), hashOf(bytes));
  assert.equal(await next.parts.blobs.size(hashOf(bytes)), 50_000);
});

test('what is too large, unknown, or does not fit the disk is refused with a sentence', async (t) => {
  const { backend } = await start(t, { maxUploadBytes: 1536 });
  const large = await post(backend, 1537);
  assert.equal(large.status, 413);
  assert.match(await detailOf(large), /takes files of up to 1\.5 KB/);

  backend.parts.blobs.freeBytes = async () => 1000;
  const full = await post(backend, 1200);
  assert.equal(full.status, 507);
  assert.match(await detailOf(full), /disk of the farm is full/);

  const unknown = await fetch(`${backend.url}/api/v1/uploads/${'0'.repeat(32)}/info`);
  assert.equal(unknown.status, 404);
  assert.match(await detailOf(unknown), /Start it again/);
  const download = await fetch(`${backend.url}/api/v1/uploads/${'0'.repeat(32)}`);
  assert.equal(download.status, 404);
});

test('uploads are promised no more together than there is room for, or than the farm takes', async (t) => {
  const { backend, folder } = await start(t, { maxOpenUploadBytes: 5_000 });
  const first = await create(backend, 3_000);
  const refused = await post(backend, 2_001);
  assert.equal(refused.status, 429);
  assert.match(await detailOf(refused), /have announced 2\.9 KB of 4\.9 KB\. Finish or cancel some/);
  assert.deepEqual(
    (await Promise.all([post(backend, 1_500), post(backend, 1_500)])).map(({ status }) => status).sort(),
    [201, 429],
  );
  // What has come is on the disk, and what was promised to others is not free any more.
  backend.parts.blobs.freeBytes = async () => 64 * 1024 ** 2 + 4_600;
  assert.equal((await post(backend, 200)).status, 507);
  assert.equal((await patch(first, 0, Buffer.alloc(3_000))).status, 204);
  assert.equal((await post(backend, 200)).status, 201);
  await backend.stop();

  const next = await startTestBackend({ dataFolder: folder, maxOpenUploadBytes: 2_000 });
  t.after(() => next.stop());
  assert.equal((await post(next, 301)).status, 429, 'an earlier process promised 1,700 of 2,000');
  const last = await create(next, 300);
  assert.equal((await post(next, 1)).status, 429);
  const headers = { 'tus-resumable': '1.0.0' };
  assert.equal((await fetch(last, { method: 'DELETE', headers })).status, 204);
  assert.equal((await post(next, 1)).status, 201);
});

test('the disk filling up in the middle stops the upload, which goes on when there is room', async (t) => {
  const { backend } = await start(t);
  const bytes = randomBytes(10_000);
  const url = await create(backend, bytes.length);
  const { freeBytes } = backend.parts.blobs;
  backend.parts.blobs.freeBytes = async () => 1000;
  const full = await patch(url, 0, bytes);
  assert.equal(full.status, 507);
  assert.match(await detailOf(full), /disk of the farm is full/);
  backend.parts.blobs.freeBytes = freeBytes;
  assert.equal((await send(backend, bytes, url)).blobHash, hashOf(bytes));
});

test('an upload whose blob was removed as unused is not known any more, and may be started again', async (t) => {
  const { backend } = await start(t);
  const bytes = randomBytes(20_000);
  const { url } = await send(backend, bytes);
  const now = Date.now();
  backend.parts.clock = () => now + GRACE_MS + 1;
  await backend.parts.engine.sweepBlobs();
  assert.equal(await backend.parts.blobs.size(hashOf(bytes)), null);
  const head = await fetch(url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
  assert.equal(head.status, 404);
  const info = await fetch(`${url}/info`);
  assert.deepEqual([info.status, Problem.parse(await info.json()).code], [404, 'upload-unknown']);
  assert.equal((await send(backend, bytes, url)).blobHash, hashOf(bytes));
});

test('an upload nobody went on with for seven days is removed', async (t) => {
  const { backend, folder } = await start(t);
  const url = await create(backend, 1000);
  const recent = await create(backend, 1000);
  const before = Date.now() / 1000 - 7 * 24 * 3600 - 60;
  const id = url.split('/').at(-1) ?? '';
  for (const name of await readdir(join(folder, 'uploads'))) {
    if (name.startsWith(id)) await utimes(join(folder, 'uploads', name), before, before);
  }
  await backend.uploads.sweep();
  assert.equal((await fetch(`${url}/info`)).status, 404);
  assert.equal((await fetch(`${recent}/info`)).status, 200);
});

type Sent = { url: string; blobHash: string | undefined; offsets: number[] };

function send(backend: TestBackend, bytes: Buffer, uploadUrl?: string): Promise<Sent> {
  const { promise, resolve, reject } = Promise.withResolvers<Sent>();
  const sent: Sent = { url: '', blobHash: undefined, offsets: [] };
  const upload = new Upload(bytes, {
    endpoint: `${backend.url}/api/v1/uploads`,
    ...(uploadUrl === undefined ? {} : { uploadUrl }),
    chunkSize: 1_000_000,
    metadata: { filename: 'scene.blend' },
    onAfterResponse(_request, response) {
      sent.blobHash = response.getHeader('Blob-Hash');
    },
    onBeforeRequest(request) {
      const offset = request.getHeader('Upload-Offset');
      if (offset !== undefined) sent.offsets.push(Number(offset));
    },
    onSuccess: () => resolve({ ...sent, url: upload.url ?? '' }),
    onError: reject,
  });
  upload.start();
  return promise;
}

const post = (backend: TestBackend, size: number): Promise<Response> =>
  fetch(`${backend.url}/api/v1/uploads`, {
    method: 'POST',
    headers: { 'tus-resumable': '1.0.0', 'upload-length': String(size) },
  });

const patch = (url: string, offset: number, bytes: Buffer): Promise<Response> =>
  fetch(url, {
    method: 'PATCH',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(bytes),
  });

async function create(backend: TestBackend, size: number): Promise<string> {
  const response = await post(backend, size);
  assert.equal(response.status, 201, await response.text());
  return new URL(response.headers.get('location') ?? '', backend.url).href;
}

/** Announces everything, sends this much, and pulls the plug. Gives the offset that the server kept. */
async function sendHalf(url: string, offset: number, bytes: Buffer): Promise<number> {
  const sending = begin(url, offset, bytes, bytes.length + 1);
  const closed = new Promise((resolve) => sending.once('close', resolve));
  await until(async () => (await infoOf(url)).offset === offset + bytes.length, 'the bytes never arrived');
  sending.destroy();
  await closed;
  return (await infoOf(url)).offset;
}

function begin(url: string, offset: number, bytes: Buffer, announced: number): ClientRequest {
  const sending = request(url, {
    method: 'PATCH',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-offset': offset,
      'content-type': 'application/offset+octet-stream',
      'content-length': announced,
    },
  });
  sending.on('error', () => {});
  sending.write(bytes);
  return sending;
}

const infoOf = async (url: string) => UploadInfo.parse(await (await fetch(`${url}/info`)).json());
const detailOf = async (response: Response) => Problem.parse(await response.json()).detail;

async function start(
  t: { after(end: () => Promise<void>): void },
  given: { maxUploadBytes?: number; maxOpenUploadBytes?: number } = {},
): Promise<{ backend: TestBackend; folder: string }> {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path, ...given });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  return { backend, folder: folder.path };
}
