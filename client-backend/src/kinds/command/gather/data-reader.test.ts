import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { createDataReader } from './data-reader.ts';

test('neighbours in one blob are read with one look at it, parts of a large one alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-data-reader-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const store = await createFolderStore(folder);
  const put = async (bytes: Buffer) => {
    const written = await store.write(Readable.from([bytes]), { maxBytes: bytes.length });
    assert.ok(written.ok);
    return written.hash;
  };
  const reads: (number | null)[] = [];
  const read = createDataReader({
    ...store,
    read(hash, range) {
      reads.push(range?.start ?? null);
      return store.read(hash, range);
    },
  });
  const textAt = async (part: Parameters<typeof read>[0]) => (await read(part)).toString();
  const [few, others] = [await put(Buffer.from('onetwothree')), await put(Buffer.from('fourfive'))];
  assert.equal(await textAt({ hash: few, start: 0, size: 3 }), 'one');
  assert.equal(await textAt({ hash: others, start: 4, size: 4 }), 'five');
  assert.equal(await textAt({ hash: few, start: 6, size: 5 }), 'three');
  assert.equal(await textAt({ hash: others, start: 0, size: 4 }), 'four');
  assert.equal(await textAt({ hash: few, start: 3, size: 0 }), '');
  assert.deepEqual(reads, [null, null]);
  const large = await put(Buffer.alloc(5 * 1024 ** 2, 'x'));
  assert.equal(await textAt({ hash: large, start: 1_000_000, size: 2 }), 'xx');
  assert.deepEqual(reads, [null, null, 1_000_000]);
});
