import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  startTestBackend,
  type TestBackend,
  temporaryFolder,
} from '@parallel-pilot/client-backend/app.fixture.ts';
import {
  type ArchiveEntry,
  isTooMuch,
  screenArchive,
} from '@parallel-pilot/client-backend/archives/screen-archive.ts';
import { type Zipped, zipOf } from '@parallel-pilot/client-backend/archives/zip.fixture.ts';
import { checkBlend } from '@parallel-pilot/client-backend/kinds/blender/blend-header.ts';
import { openSource } from '@parallel-pilot/client-backend/kinds/blender/open-source.ts';
import { openImages } from '@parallel-pilot/client-backend/kinds/training/data/image-folders.ts';
import { openNpz } from '@parallel-pilot/client-backend/kinds/training/data/open-npz.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { isSafeRelativePath } from '@parallel-pilot/shared/model/path.ts';
import fc from 'fast-check';

const SCENE = Buffer.concat([Buffer.from('BLENDER-v304ENDB'), Buffer.alloc(20)]);
const MB = 1024 ** 2;

test('an archive with an entry that has no name is refused with a sentence', async (t) => {
  const backend = await start(t);
  for (const name of ['', './', '.\\', '/', '\0', '.', '..', '...', ' ']) {
    const scene = { name: 'scene.blend', bytes: SCENE };
    const reply = await submit(backend, zipOf([scene, { name, bytes: Buffer.from('x') }]));
    const text = await reply.text();
    // "./" is the folder of all, and "..." a name like others.
    const taken = name === './' || name === '.\\' || name === '...' || name === ' ';
    assert.equal(reply.status, taken ? 201 : 422, `${JSON.stringify(name)}: ${text}`);
    if (!taken) assert.match(Problem.parse(JSON.parse(text)).detail, /^"scene\.zip" cannot be taken: /);
  }
});

test('names, sizes and modes of any kind are screened without an error, and what passes is safe', () => {
  const odd = fc.constantFrom(
    '',
    '.',
    '..',
    './',
    '/',
    'a',
    'A',
    'a/b',
    '\0',
    '\\',
    'c:',
    'con',
    '.blend1',
    'é',
    'e\u0301',
  );
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(odd, { maxLength: 6 }).map((parts) => parts.join('')),
  );
  const entry: fc.Arbitrary<ArchiveEntry> = fc.record({
    name,
    size: fc.oneof(fc.nat(), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 52, 0)),
    packedSize: fc.nat(),
    encrypted: fc.boolean(),
    readable: fc.boolean(),
    mode: fc.nat(0xffff),
  });
  const limits = { maxBytes: 10 * MB, freeBytes: 20 * MB };
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const screened = screenArchive(entries, { name: 'a.zip', size: 2 ** 50 }, limits);
      if (!screened.ok) return assert.match(screened.message, /^"a\.zip" /);
      const sizes = screened.files.reduce((sum, file) => sum + file.entry.size, 0);
      assert.ok(sizes <= limits.maxBytes);
      for (const { path } of screened.files) assert.ok(path !== '' && isSafeRelativePath(path), path);
      const paths = screened.files.map(({ path }) => path.normalize('NFC').toLowerCase());
      assert.equal(new Set(paths).size, paths.length);
    }),
    { numRuns: 2_000 },
  );
});

describe('archives with any of their bytes changed', () => {
  const entries: Zipped[] = [
    { name: 'cats/scene.blend', bytes: SCENE },
    { name: 'cats/a.png', bytes: Buffer.from('texture'), store: true },
    { name: 'dogs/b.png', bytes: Buffer.alloc(3_000, 7), extra: unicodePath('dogs/b.png') },
    {
      name: 'dogs/c.png',
      bytes: Buffer.from('c'),
      extra: Buffer.from('0100100000000000000000000000000000000000', 'hex'),
    },
  ];
  const whole = zipOf(entries);
  const change = fc.record({
    at: fc.oneof(fc.nat(whole.length - 1), fc.integer({ min: whole.length - 300, max: whole.length - 1 })),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0xff)),
  });
  const damage = fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 6 }),
    cut: fc.option(fc.nat(whole.length), { freq: 8 }),
  });
  const damaged = ({ changes, cut }: { changes: { at: number; byte: number }[]; cut: number | null }) => {
    const bytes = Buffer.from(whole);
    for (const { at, byte } of changes) bytes[at] = byte;
    return cut === null ? bytes : bytes.subarray(0, cut);
  };
  let backend: TestBackend;
  let folder: string;
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => {
    place = await temporaryFolder();
    folder = place.path;
    backend = await startTestBackend({ dataFolder: folder, maxUploadBytes: 10 * MB });
  });
  after(async () => {
    await backend.stop();
    await place.remove();
  });

  const readers: Record<string, (bytes: Buffer) => Promise<{ ok: boolean; message?: string }>> = {
    async scene(bytes) {
      return openSource(backend.parts, { blob: await store(backend, bytes), fileName: 'scene.zip' });
    },
    async images(bytes) {
      const file = { blob: await store(backend, bytes), fileName: 'data.zip' };
      const opened = await openImages(backend.parts, file);
      if (opened.ok) opened.images.close();
      return opened;
    },
    async npz(bytes) {
      const path = join(folder, 'data.npz');
      await writeFile(path, bytes);
      const opened = await openNpz(path);
      if (opened.ok) opened.npz.close();
      return opened;
    },
  };
  for (const [name, read] of Object.entries(readers)) {
    test(`are opened or refused with a sentence: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(damage, async (how) => {
          const opened = await read(damaged(how));
          if (!opened.ok) assert.ok((opened.message ?? '').length > 10);
        }),
        { numRuns: 400, interruptAfterTimeLimit: 20_000 },
      );
    });
  }
});

test('an entry that breaks off before its blob is open ends its job, and not the backend', async (t) => {
  const backend = await start(t);
  const { write } = backend.parts.blobs;
  // A disk that takes its time.
  backend.parts.blobs.write = async (bytes, options) => {
    await pause(100);
    return write(bytes, options);
  };
  for (const lie of [{ declared: SCENE.length + 1 }, { crc: 1 }, { declared: 1 }]) {
    const blob = await store(backend, zipOf([{ name: 'scene.blend', bytes: SCENE, ...lie }]));
    const opened = await openSource(backend.parts, { blob, fileName: 'scene.zip' });
    assert.match(opened.ok ? 'ok' : opened.message, /"scene\.zip" cannot be unpacked/);
  }
});

test('a table of contents that would fill the memory is not read to its end', async (t) => {
  const backend = await start(t);
  const extra = Buffer.concat([Buffer.from('feca', 'hex'), Buffer.from([0xf8, 0xff]), Buffer.alloc(0xfff8)]);
  const many = Array.from({ length: 1_100 }, (_, i) => ({ name: `${i}.png`, bytes: Buffer.alloc(0), extra }));
  const blob = await store(backend, zipOf([{ name: 'scene.blend', bytes: SCENE }, ...many]));
  const opened = await openSource(backend.parts, { blob, fileName: 'scene.zip' });
  assert.match(opened.ok ? 'ok' : opened.message, /its table of contents takes more than 64 MB/);
});

test('names a thousand folders deep are refused, and a clash is found without a set of all folders', () => {
  const entry = { size: 1, packedSize: 1, encrypted: false, readable: true, mode: 0 };
  const screen = (names: string[]) =>
    screenArchive(
      names.map((name) => ({ ...entry, name })),
      { name: 'a.zip', size: 2 ** 30 },
      { maxBytes: 2 ** 30, freeBytes: 2 ** 30 },
    );
  const said = (names: string[]) => {
    const screened = screen(names);
    return screened.ok ? 'ok' : screened.message;
  };
  const deep = (levels: number, name: string) => `${'A/'.repeat(levels)}${name}`;
  assert.match(said([deep(508, 'B.PNG')]), /is too long or too deep/);
  assert.match(said([deep(64, 'B.PNG')]), /is too long or too deep/);
  assert.equal(said([deep(63, 'B.PNG')]), 'ok');
  for (const [names, shown] of [
    [['a/b', 'c', 'A/B'], 'a/b'],
    [['a', 'a b', 'a/b'], 'a'],
    [['x/y/z', 'x/y!', 'X/Y', 'x/y-'], 'X/Y'],
    [['e\u0301/b', '\u00c9'], '\u00c9'],
  ] as const) {
    for (const order of [names, names.toReversed()]) {
      assert.match(said([...order]), /twice, or names that differ in case alone/, shown);
    }
  }
  assert.equal(said(['a b', 'a/b', 'a-b', 'ab/c', 'a/b.c']), 'ok');
});

test('entries that lie in each other are refused', async (t) => {
  const backend = await start(t);
  const texture = { name: 'aa.png', bytes: Buffer.alloc(1_000, 7), store: true };
  const whole = zipOf([{ name: 'scene.blend', bytes: SCENE, store: true }, texture]);
  const [directory, count] = [whole.readUInt32LE(whole.length - 6), 50];
  const first = whole.indexOf('PK\x01\x02', whole.indexOf('scene.blend', directory));
  const record = whole.subarray(first, whole.length - 22);
  // The same bytes under fifty names of the same length.
  const more = Array.from({ length: count }, (_, at) => {
    const copy = Buffer.from(record);
    copy.write(String(at).padStart(2, '0'), copy.length - texture.name.length);
    return copy;
  });
  const end = Buffer.from(whole.subarray(-22));
  end.writeUInt16LE(count + 2, 8);
  end.writeUInt16LE(count + 2, 10);
  end.writeUInt32LE(end.readUInt32LE(12) + count * record.length, 12);
  const blob = await store(backend, Buffer.concat([whole.subarray(0, -22), ...more, end]));
  const opened = await openSource(backend.parts, { blob, fileName: 'scene.zip' });
  assert.match(opened.ok ? 'ok' : opened.message, /"scene\.zip" cannot be taken: its files overlap/);
});

test('bytes that come in stop before the disk is full, however many follow', async (t) => {
  const { blobs } = (await start(t)).parts;
  const [free, keepFree] = [20 * MB, 4 * MB];
  let written = 0;
  blobs.freeBytes = async () => free - written;
  const endless = Readable.from(
    (function* () {
      for (; written < 40 * MB; written += MB) yield Buffer.alloc(MB, 7);
    })(),
    { highWaterMark: 1 },
  );
  const stored = await blobs.write(endless, { maxBytes: 1e9, keepFree });
  assert.equal(stored.ok ? 'ok' : stored.code, 'disk-full');
  assert.ok(written <= free - keepFree + 2 * MB, `${written}`);
});

describe('a compressed .blend that unpacks to far more than it is', () => {
  const check = (bytes: Buffer, maxBytes = 50 * 1024 * MB) =>
    checkBlend(Readable.from([bytes]), 'scene.blend', { size: bytes.length, maxBytes });
  const sentence = async (bytes: Buffer, maxBytes?: number) => {
    const checked = await check(bytes, maxBytes);
    return checked.ok ? 'ok' : checked.message;
  };
  const TOO_MUCH = /"scene\.blend" cannot be taken: unpacked it is too large, or falls into too many parts/;
  const START = Buffer.from('BLENDER_v304');

  test('blocks of zeros are refused at the first', async () => {
    const bomb = runs([START], 0, 40);
    assert.ok(bomb.length < 1_000);
    assert.match(await sentence(bomb), /"scene\.blend" is damaged: a part of it is empty/);
    assert.match(await sentence(START), /cut short/);
  });

  test('what comes out is bounded by the most that is taken, and by the ratio', async () => {
    assert.match(await sentence(runs([START], 1, 400), 20 * MB), TOO_MUCH);
    assert.ok(isTooMuch({ size: 1025 * MB, packedSize: MB }, 50 * 1024 * MB));
    assert.ok(!isTooMuch({ size: 1025 * MB, packedSize: 20 * MB }, 50 * 1024 * MB));
    for (const pack of [zstdCompressSync, gzipSync]) {
      const packed = pack(Buffer.concat([START, Buffer.alloc(4 * MB, 1)]));
      assert.match(await sentence(packed, 2 * MB), TOO_MUCH);
      assert.match(await sentence(packed), /cut short/);
    }
  });

  test('blocks, and frames and blocks of zstd, are counted', async () => {
    const block = Buffer.alloc(20);
    block.write('DATA');
    const many = Buffer.alloc(4_000_001 * 20, block);
    assert.match(await sentence(zstdCompressSync(Buffer.concat([START, many]))), TOO_MUCH);
    const skipped = Buffer.alloc(8 * 100_001, Buffer.from('502a4d1800000000', 'hex'));
    const frame = zstdCompressSync(START);
    assert.match(await sentence(Buffer.concat([frame, skipped])), TOO_MUCH);
  });
});

/** A frame of zstd: `raw` as it is, then `count` run-length blocks of 128 KB of one byte (RFC 8878, 3.1.1.2). */
function runs(raw: Buffer[], byte: number, count: number): Buffer {
  const head = (type: number, size: number, last = 0) => {
    const bytes = Buffer.alloc(3);
    bytes.writeUIntLE((size << 3) | (type << 1) | last, 0, 3);
    return bytes;
  };
  const run = (last: number) => Buffer.concat([head(1, 128 * 1024, last), Buffer.from([byte])]);
  // No content size, and a window of 128 KB.
  const start = Buffer.from('28b52ffd0038', 'hex');
  const before = raw.map((bytes) => Buffer.concat([head(0, bytes.length), bytes]));
  return Buffer.concat([start, ...before, Buffer.alloc((count - 1) * 4, run(0)), run(1)]);
}

/** Info-ZIP's field 0x7075: the name once more, in UTF-8. */
function unicodePath(name: string): Buffer {
  const data = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(name)]);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

async function start(t: TestContext): Promise<TestBackend> {
  const folder = await temporaryFolder();
  const backend = await startTestBackend({ dataFolder: folder.path });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  return backend;
}

const store = async ({ parts }: TestBackend, bytes: Buffer): Promise<BlobHash> => {
  const hash = createHash('sha256').update(bytes).digest('hex') as BlobHash;
  await writeFile(join(parts.config.dataFolder, hash), bytes);
  await parts.blobs.adopt(join(parts.config.dataFolder, hash), { hash, size: bytes.length });
  return hash;
};

/** As the site does: an upload, then a job on it. */
async function submit(backend: TestBackend, bytes: Buffer): Promise<Response> {
  const made = await fetch(`${backend.url}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(bytes),
  });
  assert.equal(made.status, 201, await made.text());
  const blob = made.headers.get('blob-hash');
  return fetch(`${backend.url}/api/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'blender', source: { blob, fileName: 'scene.zip' } }),
  });
}
