import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { keepBlobs, releaseBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { noteBlob } from '../uploads/note-blob.ts';
import { engineOf } from './engine-of.ts';
import { GRACE_MS, sweepBlobs } from './sweep-blobs.ts';
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
const isThere = async (hash: BlobHash) => (await farm.parts.blobs.size(hash)) !== null;

test('a blob that nobody names is kept for its grace, from when it was last said to be here', async () => {
  const [hash, touched] = [await fresh(), await fresh()];
  now += GRACE_MS - 1;
  await sweepBlobs(farm.parts);
  assert.ok((await isThere(hash)) && (await isThere(touched)));
  assert.equal(await touch(touched), 100);
  now += 2;
  await sweepBlobs(farm.parts);
  assert.deepEqual([await isThere(hash), await isThere(touched)], [false, true]);
  assert.equal(await touch(hash), null, 'it is still said to be here');
});

test('blobs that a job keeps or a finished chunk names stay, and go when they are released', async () => {
  const job = await farm.addJob();
  const [kept, made, idle] = [await fresh(), await fresh(), await fresh()];
  await keepBlobs(farm.parts.db, job, [kept]);
  await keepBlobs(farm.parts.db, job, [kept]);
  const file = { name: 'frame', hash: made, size: 100, mediaType: 'image/png' };
  await finishChunk(farm.parts, (await openStage(farm.parts, job)).id, 0, { result: {}, files: [file] });
  now += 2 * GRACE_MS;
  await sweepBlobs(farm.parts);
  assert.deepEqual(await Promise.all([kept, made, idle].map(isThere)), [true, true, false]);
  await releaseBlobs(farm.parts.db, job, [kept]);
  await sweepBlobs(farm.parts);
  assert.deepEqual(await Promise.all([kept, made].map(isThere)), [false, true]);
});

test('whoever is told during a sweep that a blob is here finds it afterwards', async () => {
  const hashes: BlobHash[] = [];
  for (let count = 0; count < 60; count += 1) hashes.push(await fresh());
  now += 2 * GRACE_MS;
  const told: BlobHash[] = [];
  const sweeping = [sweepBlobs(farm.parts), sweepBlobs(farm.parts)];
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
  for (let look = 0; look < 2; look += 1) await engineOf(farm.parts).sweep();
  assert.deepEqual(await codes(), ['waiting-disk-full']);
  farm.parts.blobs.freeBytes = freeBytes;
  await engineOf(farm.parts).sweep();
  assert.deepEqual(await codes(), []);
});
