import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { BlobHash } from '../../model/ids.ts';
import { createFolderStore } from './folder-store.ts';

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex') as BlobHash;
const unlimited = { maxBytes: Number.MAX_SAFE_INTEGER };

test('keeps bytes under their hash, whole or in parts, and a second time for nothing', async (t) => {
  const { folder, store } = await newStore(t);
  const bytes = randomBytes(300_000);
  const hash = hashOf(bytes);
  assert.equal(await store.size(hash), null);
  const pieces = () => Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);

  assert.deepEqual(await store.write(pieces(), { ...unlimited, expect: hash }), {
    ok: true,
    hash,
    size: 300_000,
  });
  assert.equal((await store.write(pieces(), unlimited)).ok, true);
  assert.deepEqual(await buffer(store.read(hash)), bytes);
  assert.deepEqual(await buffer(store.read(hash, { start: 5, end: 9 })), bytes.subarray(5, 10));
  assert.deepEqual(await filesIn(folder), [`${hash.slice(0, 2)}/${hash.slice(2)}`]);

  const small = randomBytes(1_000);
  const few = () => Readable.from([small.subarray(0, 700), small.subarray(700)]);
  for (const time of ['first', 'second']) {
    const written = await store.write(few(), { maxBytes: small.length, expect: hashOf(small), keepFree: 1 });
    assert.deepEqual(written, { ok: true, hash: hashOf(small), size: 1_000 }, time);
  }
  assert.deepEqual(await buffer(store.read(hashOf(small))), small);
  assert.equal((await filesIn(folder)).length, 2);

  await store.delete(hash);
  assert.equal(await store.size(hash), null);
  await store.delete(hash);
  await assert.rejects(buffer(store.read(hash)), { code: 'ENOENT' });
});

test('takes no other bytes than those announced, nor more than allowed, and keeps nothing of them', async (t) => {
  const { folder, store } = await newStore(t);
  const expect = hashOf(Buffer.from('right'));
  for (const most of [unlimited, { maxBytes: 5 }]) {
    const wrong = await store.write(Readable.from([Buffer.from('wrong')]), { ...most, expect });
    assert.ok(!wrong.ok && wrong.code === 'hash-mismatch' && wrong.message.includes(expect), inspect(wrong));
  }
  const large = await store.write(Readable.from([Buffer.alloc(8), Buffer.alloc(8)]), { maxBytes: 15 });
  assert.ok(!large.ok && large.code === 'too-large' && large.message.includes('15 bytes'), inspect(large));
  for (const most of [unlimited, { maxBytes: 15 }]) {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half of');
        throw new Error('the connection is gone');
      })(),
    );
    await assert.rejects(store.write(broken, most), /the connection is gone/);
  }
  assert.deepEqual(await filesIn(folder), []);
});

test('moves a finished file in, and sweeps away what a killed process left half written', async (t) => {
  const { folder, store } = await newStore(t);
  const bytes = Buffer.from('finished');
  const file = join(folder, 'upload');
  await writeFile(file, bytes);
  await store.adopt(file, { hash: hashOf(bytes), size: bytes.length });
  await writeFile(join(folder, 'incoming', 'half'), 'half');

  const again = await createFolderStore(folder);
  assert.deepEqual(await buffer(again.read(hashOf(bytes))), bytes);
  assert.equal((await filesIn(folder)).length, 1);
});

test('a full disk is a refusal with a sentence, and leaves nothing behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-blobs-'));
  const unmount = mountSmallDisk(folder);
  t.after(async () => {
    unmount?.();
    await rm(folder, { recursive: true, force: true });
  });
  if (unmount === null) return t.skip('a small disk cannot be mounted here (needs root)');
  const store = await createFolderStore(join(folder, 'blobs'));
  assert.ok((await store.freeBytes()) < 2 * 1024 ** 2);

  const full = await store.write(
    Readable.from([Buffer.alloc(1024 ** 2), randomBytes(2 * 1024 ** 2)]),
    unlimited,
  );
  assert.ok(!full.ok && full.code === 'disk-full' && full.message.includes('Free some space'), inspect(full));
  assert.deepEqual(await filesIn(join(folder, 'blobs')), []);
  const kept = await store.write(Readable.from([randomBytes(1000)]), {
    maxBytes: 1000,
    keepFree: 2 * 1024 ** 2,
  });
  assert.ok(!kept.ok && kept.code === 'disk-full', inspect(kept));
  assert.equal((await store.write(Readable.from([randomBytes(1000)]), unlimited)).ok, true);
});

function mountSmallDisk(folder: string): (() => void) | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1500k', 'tmpfs', folder], { stdio: 'ignore' });
    return () => execFileSync('umount', [folder]);
  } catch {
    return null;
  }
}

async function newStore(t: { after(end: () => Promise<void>): void }) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-blobs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(folder, { recursive: true });
  return { folder, store: await createFolderStore(folder) };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

const inspect = (value: unknown): string => JSON.stringify(value);
