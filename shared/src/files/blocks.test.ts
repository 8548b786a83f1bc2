import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { BLOCK_BYTES, BlockWriter, blocksOf, letGo, sendBlocks } from './blocks.ts';

const bytes = randomBytes(3 * BLOCK_BYTES + 17);

test('a file is read and sent in blocks, whole or in part, however slowly they are taken', async (t) => {
  const { folder } = await setUp(t);
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  const parts = [
    { start: 0 },
    { start: 5, end: 2 * BLOCK_BYTES },
    { start: BLOCK_BYTES, end: BLOCK_BYTES },
    { start: bytes.length },
  ];
  for (const part of parts) {
    const expected = bytes.subarray(part.start, (part.end ?? bytes.length) + 1);
    const taken: Buffer[] = [];
    const slow = new Writable({
      write: (block: Buffer, _encoding, done) =>
        void setImmediate(() => {
          taken.push(Buffer.from(block));
          done();
        }),
    });
    await sendBlocks(blocksOf(path, expected.length, part), slow);
    assert.ok(Buffer.concat(taken).equals(expected), JSON.stringify(part));
  }
});

test('sending ends with the stream, and says when there is nothing to read', async (t) => {
  const { folder } = await setUp(t);
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  const deaf = new Writable({ write() {} });
  const sending = sendBlocks(blocksOf(path, bytes.length), deaf);
  deaf.destroy();
  await sending;
  await assert.rejects(sendBlocks(blocksOf(join(folder, 'absent'), 1), new PassThrough()), {
    code: 'ENOENT',
  });
});

test('pieces are written as blocks from a place on, and their memory may be let go', async (t) => {
  const { folder } = await setUp(t);
  const path = join(folder, 'file');
  const file = await open(path, 'w');
  const told: Buffer[] = [];
  await file.write(bytes, 0, 10);
  const onWritten = (block: Buffer) => void told.push(Buffer.from(block));
  const writer = new BlockWriter(file, { at: 10, size: bytes.length - 10, onWritten });
  for (let at = 10; at < bytes.length; at += 60_000) {
    const piece = Buffer.from(new Uint8Array(bytes.subarray(at, at + 60_000)).buffer);
    await writer.add(piece);
    letGo(piece);
    assert.equal(piece.length, 0);
  }
  await writer.flush();
  await file.close();
  assert.ok((await readFile(path)).equals(bytes));
  assert.ok(Buffer.concat(told).equals(bytes.subarray(10)));
  assert.ok(told.length < 5, `${told.length} writes`);
  const shared = bytes.subarray(0, 5);
  letGo(shared);
  assert.equal(shared.length, 5);
});

async function setUp(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-blocks-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return { folder };
}
