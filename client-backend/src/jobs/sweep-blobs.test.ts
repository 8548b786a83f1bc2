import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { keepBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { freeFiles } from '@parallel-pilot/shared/server/db/chunks.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { noteBlob } from '../uploads/note-blob.ts';
import { letGo } from './let-go.ts';
import { GRACE_MS } from './sweep-blobs.ts';
import { finishChunk, openStage, startTestFarm, storeBytes, type TestFarm } from './test-farm.fixture.ts';

let farm: TestFarm;
let now: number;
beforeEach(async () => {
  farm = await startTestFarm();
  now = Date.now();
  farm.parts.clock = () => now;
});
afterEach(() => farm.stop());

const touch = (hash: BlobHash) =>
  noteBlob(farm.parts, { hash, media_type: 'application/octet-stream', created_at: now });

async function fresh(): Promise<BlobHash> {
  const { hash } = await storeBytes(farm.parts, randomBytes(100), 'application/octet-stream');
  await touch(hash);
  return hash;
}
/** As a worker brings its result: stored, then noted. */
async function brought(): Promise<BlobHash> {
  const written = await farm.parts.blobs.write(Readable.from([randomBytes(100)]), { maxBytes: 1_000 });
  assert.ok(written.ok);
  await touch(written.hash);
  return written.hash;
}
const isThere = async (hash: BlobHash) => (await farm.parts.blobs.size(hash)) !== null;

test('a blob that nobody names is kept for its grace, from when it was last said to be here', async () => {
  const [hash, touched] = [await fresh(), await fresh()];
  now += GRACE_MS - 1;
  await farm.parts.engine.sweepBlobs();
  assert.ok((await isThere(hash)) && (await isThere(touched)));
  assert.equal(await touch(touched), 100);
  now += 2;
  await farm.parts.engine.sweepBlobs();
  assert.deepEqual([await isThere(hash), await isThere(touched)], [false, true]);
  assert.equal(await touch(hash), null, 'it is still said to be here');
});

test('blobs that a job keeps or a finished chunk names stay, and go when they are freed', async () => {
  const job = await farm.addJob();
  const [kept, made, idle] = [await fresh(), await fresh(), await fresh()];
  await keepBlobs(farm.parts.db, job, [kept]);
  await keepBlobs(farm.parts.db, job, [kept]);
  const file = { name: 'frame', hash: made, size: 100, mediaType: 'image/png' };
  await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: {}, files: [file] });
  now += 2 * GRACE_MS;
  await farm.parts.engine.sweepBlobs();
  assert.deepEqual(await Promise.all([kept, made, idle].map(isThere)), [true, true, false]);
  const stage = (await openStage(farm.parts, job)).id;
  assert.deepEqual(await freeFiles(farm.parts.db, stage, ['frame']), { freed: [], kept: [made] });
  await farm.parts.engine.sweepBlobs();
  assert.deepEqual(await Promise.all([kept, made].map(isThere)), [true, true]);
  assert.deepEqual(await freeFiles(farm.parts.db, stage, []), { freed: [made], kept: [] });
  await farm.parts.engine.sweepBlobs();
  assert.deepEqual(await Promise.all([kept, made].map(isThere)), [true, false]);
});

test('what a worker brings before its result stays until that is reported, and goes where none comes', async () => {
  const [reported, orphan, late] = [await brought(), await brought(), await brought()];
  now += GRACE_MS - 1;
  await farm.parts.engine.sweepBlobs();
  assert.ok((await isThere(reported)) && (await isThere(orphan)));
  // The longest that a worker counts on what it brought; later it brings it anew, as it does here.
  assert.equal(await touch(late), 100);
  const job = await farm.addJob();
  const file = { name: 'update', hash: reported, size: 100, mediaType: 'application/octet-stream' };
  await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: {}, files: [file] });
  now += 2;
  await farm.parts.engine.sweepBlobs();
  assert.deepEqual(await Promise.all([reported, orphan, late].map(isThere)), [true, false, true]);
});

test('what a job frees is gone at once where it came once, and left to the sweep where it came twice', async () => {
  const [once, twice, kept, named] = [await brought(), await brought(), await brought(), await brought()];
  const job = await farm.addJob();
  const stage = (await openStage(farm.parts, job)).id;
  // On its way: another worker has handed it in, and its chunk does not name it yet.
  await touch(twice);
  await keepBlobs(farm.parts.db, job, [kept]);
  const file = { name: 'frame', hash: named, size: 100, mediaType: 'image/png' };
  await finishChunk(farm.parts, stage, 0, { result: {}, files: [file] });
  const gone: BlobHash[] = [];
  farm.parts.balancer.blobsFreed = (hashes) => void gone.push(...hashes);
  await letGo(farm.parts, [once, twice, kept]);
  const all = [once, twice, kept, named];
  assert.deepEqual(await Promise.all(all.map(isThere)), [false, true, true, true]);
  assert.deepEqual(gone, [once], 'workers are told of what is gone');
});

test('whoever is told during a sweep that a blob is here finds it afterwards', async () => {
  const hashes: BlobHash[] = [];
  for (let count = 0; count < 60; count += 1) hashes.push(await fresh());
  now += 2 * GRACE_MS;
  const told: BlobHash[] = [];
  const sweeping = [farm.parts.engine.sweepBlobs(), farm.parts.engine.sweepBlobs()];
  for (const hash of hashes) if ((await touch(hash)) !== null) told.push(hash);
  await Promise.all(sweeping);
  for (const hash of told) assert.ok(await isThere(hash), 'a blob was removed after it was said to be here');
  for (const hash of hashes.filter((one) => !told.includes(one))) assert.ok(!(await isThere(hash)));
});

test('while the disk of the farm is full, jobs say that they wait for room', async () => {
  const job = await farm.addJob();
  const { freeBytes } = farm.parts.blobs;
  const codes = async () => (await listNotes(farm.parts.db, job)).map((note) => note.code);
  farm.parts.blobs.freeBytes = async () => 1_000;
  await farm.addWorker();
  for (let look = 0; look < 2; look += 1) await farm.parts.engine.sweep();
  assert.deepEqual(await codes(), ['waiting-disk-full']);
  farm.parts.blobs.freeBytes = freeBytes;
  await farm.parts.engine.sweep();
  assert.deepEqual(await codes(), []);
});
