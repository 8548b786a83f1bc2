import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type LeaseId, newId } from '@parallel-pilot/shared/model/ids.ts';
import { pino } from 'pino';
import { until } from '../../../tests/support/until.ts';
import { Outbox, sourceOf } from './outbox.ts';

const bytes = Buffer.from('the pixels of a frame');
const newLease = (): LeaseId => newId('lse', randomBytes);
const about = (lease: LeaseId, busyMs: number) => ({
  lease,
  signature: 'signed',
  busyMs,
  openingMs: 0,
  peakMemoryBytes: 0,
  log: '',
  result: { frame: 1 },
});

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-outbox-'));
  t.after(() => rm(folder, { recursive: true }));
  const [kept, work] = [join(folder, 'outbox'), join(folder, 'work')];
  for (const it of [kept, work]) await mkdir(it);
  const make = () => new Outbox(kept, work, pino({ level: 'silent' }));
  return { outbox: make(), next: make, kept: () => readdirSync(kept), work };
}

const heldFile = (outputs: string) => ({
  name: 'frame',
  path: join(outputs, 'frame.png'),
  mediaType: 'image/png',
  bytes,
});

test('what took a moment stays in memory, and is on the disk once it waits for the farm', async (t) => {
  const { outbox, next, kept } = await world(t);
  const lease = newLease();
  const entry = await outbox.keepDone(about(lease, 20), [heldFile(await outbox.prepare(lease))]);
  assert.deepEqual(kept(), []);
  assert.equal(sourceOf(entry, 'files/frame.png'), bytes);
  await until(() => kept().includes(lease), 'it was never written');
  const [found] = await next().recover();
  assert.ok(found);
  assert.deepEqual(found.message, entry.message);
  const source = sourceOf(found, 'files/frame.png');
  assert.ok(typeof source === 'string');
  assert.deepEqual(readFileSync(source), bytes);
  await outbox.remove(entry);
  assert.deepEqual(kept(), []);
});

test('what took longer, or has a file that is not held, is on the disk before anything is done about it', async (t) => {
  const { outbox, kept } = await world(t);
  const [long, mixed] = [newLease(), newLease()];
  await outbox.keepDone(about(long, 1_000), [heldFile(await outbox.prepare(long))]);
  assert.deepEqual(kept(), [long]);
  const outputs = await outbox.prepare(mixed);
  const sound = { name: 'sound', path: join(outputs, 'sound.flac'), mediaType: 'audio/flac' };
  await writeFile(sound.path, 'tones');
  const entry = await outbox.keepDone(about(mixed, 20), [heldFile(outputs), sound]);
  assert.deepEqual(kept().sort(), [long, mixed].sort());
  for (const file of ['frame.png', 'sound.flac']) assert.ok(existsSync(join(entry.folder, 'files', file)));
});

test('a worker that leaves writes at once what it holds', async (t) => {
  const { outbox, kept } = await world(t);
  const lease = newLease();
  const entry = await outbox.keepDone(about(lease, 20), [heldFile(await outbox.prepare(lease))]);
  await outbox.store(entry);
  assert.deepEqual(kept(), [lease]);
});

test('a working folder is given again only if nothing was left in it', async (t) => {
  const { outbox, kept, work } = await world(t);
  const first = newLease();
  const outputs = await outbox.prepare(first);
  await outbox.remove(await outbox.keepDone(about(first, 20), [heldFile(outputs)]));
  assert.deepEqual(kept(), []);
  const second = newLease();
  assert.equal(await outbox.prepare(second), outputs);
  await writeFile(join(outputs, 'left.png'), 'of another chunk');
  await outbox.discard(second);
  assert.deepEqual(readdirSync(work), []);
  const third = await outbox.prepare(newLease());
  assert.deepEqual(readdirSync(third), []);
});

test('a held file outside its folder is not there', async (t) => {
  const { outbox } = await world(t);
  const lease = newLease();
  const outputs = await outbox.prepare(lease);
  const { message } = await outbox.keepDone(about(lease, 20), [heldFile(join(outputs, '..', '..'))]);
  assert.equal(message.type === 'failed' ? message.code : message.type, 'no-output');
});
