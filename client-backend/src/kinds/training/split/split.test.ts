import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { TrainingPlan } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { findBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import fc from 'fast-check';
import { fromBufferPromise } from 'yauzl';
import { startTestFarm, type TestFarm } from '../../../jobs/test-farm.fixture.ts';
import type { Gathering } from '../../kind.ts';
import { floats, integers, npzBytes, zipBytes } from '../data/npz.fixture.ts';
import { openNpz } from '../data/open-npz.ts';
import { addTraining, errandFor } from '../training.fixture.ts';
import { splitData } from './split.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
});
after(() => farm.stop());

type Given = { data: Buffer | string; dataName: string; settings?: Partial<TrainingSettings> };

async function gathered({ data, ...given }: Given): Promise<Gathering> {
  const job = await addTraining(farm.parts, { data: Buffer.from(data), ...given });
  return splitData(farm.parts, await errandFor(farm.parts, job));
}

/** The plan, and the bytes of its parts: the shards, then the held-out part. */
async function splitOf(given: Given): Promise<{ plan: TrainingPlan; parts: Buffer[] }> {
  const gathering = await gathered(given);
  assert.equal(gathering.outcome, 'gathered', JSON.stringify(gathering));
  const plan = TrainingPlan.parse('value' in gathering ? gathering.value : null);
  const inputs = [...plan.shards, ...(plan.holdout === null ? [] : [plan.holdout])].map(({ input }) => input);
  const parts: Buffer[] = [];
  for (const { hash, size } of inputs) {
    const bytes = await bytesOf(hash);
    assert.equal(bytes.length, size);
    assert.notEqual(await findBlob(farm.parts.db, hash), undefined, 'a part is not noted');
    parts.push(bytes);
  }
  return { plan, parts };
}

const bytesOf = async (hash: BlobHash) => Buffer.concat(await farm.parts.blobs.read(hash).toArray());

async function problemOf(given: Given): Promise<string> {
  const gathering = await gathered(given);
  assert.ok(gathering.outcome === 'fail', JSON.stringify(gathering));
  return gathering.message;
}

/** The values of every array of an .npz as hex rows, read by offset: entries must be stored. */
async function arraysOf(npz: Buffer): Promise<Record<string, string[]>> {
  const { hash } = await farm.parts.blobs
    .write(Readable.from([npz]), { maxBytes: 1e9 })
    .then((written) => (written.ok ? written : assert.fail()));
  const opened = await openNpz(farm.parts.blobs.localPath(hash));
  assert.ok(opened.ok, JSON.stringify(opened));
  const rows: Record<string, string[]> = {};
  for (const { name, entry, header, stored } of opened.npz.arrays.values()) {
    assert.ok(stored);
    const { fileDataStart } = await opened.npz.zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const count = header.shape[0] ?? 0;
    const values = npz.subarray(fileDataStart + header.length, fileDataStart + entry.uncompressedSize);
    const size = values.length / count;
    rows[name] = Array.from({ length: count }, (_, row) =>
      values.toString('hex', row * size, (row + 1) * size),
    );
  }
  opened.npz.close();
  return rows;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test('an .npz: every row once with its label, each class in every part, the same bytes for the same seed', async () => {
  const rows = 240;
  // Sorted by label: 120 of 0, 80 of 1, 40 of 2.
  const labels = range(rows).map((row) => (row < 120 ? 0 : row < 200 ? 1 : 2));
  const arrays = {
    X: floats(range(rows * 6), [rows, 3, 2]),
    y: integers(labels),
    wide: {
      descr: '<U3',
      shape: [rows],
      bytes: Buffer.alloc(rows * 12, 'a\0\0\0b\0\0\0\0\0\0\0'),
      version: 3 as const,
    },
  };
  const whole = await arraysOf(await npzBytes(arrays));
  for (const store of [true, false]) {
    const given = {
      data: await npzBytes(arrays, { store }),
      dataName: 'd.npz',
      settings: { shards: 4, seed: 3 },
    };
    const { plan, parts } = await splitOf(given);
    assert.deepEqual(
      [plan.rows, plan.shards.map((shard) => shard.rows), plan.holdout?.rows, plan.classes],
      [240, [54, 54, 54, 54], 24, ['0', '1', '2']],
    );
    assert.deepEqual([plan.shards[0]?.input.path, plan.holdout?.input.path], ['data.npz', 'holdout.npz']);
    const split = await Promise.all(parts.map(arraysOf));
    const found = split.flatMap((part) => part.X ?? []);
    assert.deepEqual(found.toSorted(), (whole.X ?? []).toSorted());
    for (const part of split) {
      const label = new Map((whole.X ?? []).map((row, index) => [row, whole.y?.[index]]));
      assert.deepEqual(
        part.X?.map((row) => label.get(row)),
        part.y,
        'rows and labels come apart',
      );
      const counts = ['00', '01', '02'].map((value) => part.y?.filter((row) => row.startsWith(value)).length);
      assert.deepEqual(counts, part === split[4] ? [12, 8, 4] : [27, 18, 9]);
    }
    const again = await splitOf(given);
    assert.deepEqual(again.plan, plan);
    const other = await splitOf({ ...given, settings: { shards: 4, seed: 4 } });
    assert.notDeepEqual(other.plan.shards, plan.shards);
  }
});

test('a .csv: quotes and line breaks within, the header in every part, every row once', async () => {
  const field = fc.stringMatching(/^[a-z0-9 ,"\n\ré]{0,8}$/).map((text) => `"${text.replaceAll('"', '""')}"`);
  const row = fc.tuple(field, fc.constantFrom('cat', 'dog')).map((fields) => fields.join(','));
  const settings = fc.record({
    shards: fc.integer({ min: 1, max: 3 }),
    holdout: fc.constantFrom(0, 0.3),
    seed: fc.nat(2 ** 31 - 1),
  });
  const file = fc.record({
    rows: fc.array(row, { minLength: 3, maxLength: 25 }),
    end: fc.constantFrom('\n', '\r\n'),
    mark: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(file, settings, async ({ rows, end, mark }, given) => {
      const data = `${mark ? '\ufeff' : ''}text,label${end}${rows.join(end)}${end}`;
      const { plan, parts } = await splitOf({ data, dataName: 'd.csv', settings: given });
      const lines = parts.flatMap((part) => {
        const text = part.toString('utf8');
        assert.ok(text.startsWith('text,label\n'));
        return text
          .slice('text,label\n'.length)
          .split(/\n(?="|$)/)
          .filter(Boolean);
      });
      assert.equal(parts.map(String).join('').length, rows.join('\n').length + 1 + parts.length * 11);
      assert.equal(plan.rows, rows.length);
      assert.ok(
        rows.every((one) => parts.some((part) => part.includes(`${one}\n`))),
        String(lines),
      );
    }),
    { numRuns: 30 },
  );
});

test('a .csv without a header, and one whose last column is no label', async () => {
  const plain = await splitOf({
    data: '1,0\n2,0\n3,1\n4,1\n',
    dataName: 'd.csv',
    settings: { shards: 2, holdout: 0 },
  });
  assert.deepEqual([plain.plan.classes, plain.plan.rows], [['0', '1'], 4]);
  assert.ok(plain.parts.every((part) => part.toString().split('\n').length === 3));
  const measured = await splitOf({
    data: 'a,b\n1,0.5\n2,0.25\n3,0.125\n',
    dataName: 'd.csv',
    settings: { shards: 1 },
  });
  assert.deepEqual([measured.plan.classes, measured.plan.rows], [null, 3]);
});

test('a .jsonl: every line once, labels by their field', async () => {
  const rows = range(40).map(
    (index) => `{"text": "é${index}", "label": ${index % 4 === 0 ? '"rare"' : '"usual"'}}`,
  );
  const data = `\ufeff${rows.join('\r\n')}\n\n`;
  const { plan, parts } = await splitOf({ data, dataName: 'd.jsonl', settings: { shards: 2, holdout: 0.2 } });
  assert.deepEqual(plan.classes, ['rare', 'usual']);
  assert.deepEqual(
    parts.map((part) => (part.toString().match(/rare/g) ?? []).length),
    [4, 4, 2],
  );
  assert.deepEqual(parts.flatMap((part) => part.toString().trim().split('\n')).toSorted(), rows.toSorted());
});

test('a .zip: every file once in its folder, which is its class', async () => {
  const files = range(30).map((index): [string, Buffer] => [
    `all/${index < 20 ? 'cat' : 'dog'}/${index}.png`,
    Buffer.from(`picture ${index}`),
  ]);
  const noise: [string, Buffer][] = [
    ['__MACOSX/cat/._1.png', Buffer.from('x')],
    ['.hidden/1', Buffer.from('x')],
  ];
  const data = await zipBytes([...noise, ...files], { store: false });
  const { plan, parts } = await splitOf({ data, dataName: 'd.zip', settings: { shards: 2, holdout: 0.2 } });
  assert.deepEqual([plan.rows, plan.classes], [30, ['cat', 'dog']]);
  const found: [string, Buffer][] = [];
  for (const part of parts) {
    const zip = await fromBufferPromise(part);
    for await (const entry of zip.eachEntry()) {
      const bytes = Buffer.concat(await (await zip.openReadStreamPromise(entry)).toArray());
      found.push([entry.fileName, bytes]);
    }
  }
  const byName = ([a]: [string, Buffer], [b]: [string, Buffer]) => (a < b ? -1 : 1);
  assert.deepEqual(found.toSorted(byName), files.toSorted(byName));
});

test('data that cannot be split ends the job with the reason', async () => {
  const jsonl = (data: string, settings = {}) => problemOf({ data, dataName: 'd.jsonl', settings });
  const csv = (data: string, settings = {}) => problemOf({ data, dataName: 'd.csv', settings });
  assert.match(
    await jsonl('{"a":1}\n{"a":1}\n', { shards: 4 }),
    /"d\.jsonl" has 2 rows, which is too few for 4 shards/,
  );
  assert.match(await jsonl('{"a":1}\n\nnope\n'), /^Line 3 of "d\.jsonl" is not JSON/);
  assert.match(await jsonl('[1]\n'), /^Line 1 of "d\.jsonl" is not a JSON object/);
  assert.match(await jsonl('{"a":1}\n{"b":1}\n', { label: 'a' }), /^Line 2 .* has no field "a"/);
  assert.match(await csv('a,b\n1,2\n1,2,3\n'), /^Line 3 of "d\.csv" has 3 fields, and the first row has 2\./);
  assert.match(await csv('a,b\n1,"2\n'), /A quote in "d\.csv" is never closed/);
  assert.match(await csv('a,b\n1,2\n', { label: 'c' }), /no column "c" for the label; it has a, b\./);
  assert.match(await csv('1,2\n', { label: 'c' }), /has no header/);
  const broken = await npzBytes({ X: floats(range(4_000)), y: integers(range(4_000)) });
  broken[900] = (broken[900] ?? 0) ^ 0xff;
  assert.match(await problemOf({ data: broken, dataName: 'd.npz' }), /"d\.npz" is damaged or cut short/);
  const spoilt = await zipBytes(range(4).map((at) => [`cat/${at}.png`, Buffer.alloc(1_000, 7)]));
  spoilt[1_500] = 8;
  assert.match(
    await problemOf({ data: spoilt, dataName: 'd.zip' }),
    /^"cat\/1\.png" in "d\.zip" is damaged: the checksum of an entry does not fit\.$/,
  );
});

test('a split that is stopped leaves nothing behind, and one without room waits', async () => {
  const data = Buffer.from(
    range(20_000)
      .map((row) => `${row},${row % 2}\n`)
      .join(''),
  );
  const job = await addTraining(farm.parts, { data, dataName: 'd.csv' });
  const controller = new AbortController();
  const errand = await errandFor(farm.parts, job, controller.signal);
  const stopping = { ...errand, onProgress: (done: number) => done > 0.5 && controller.abort() };
  await assert.rejects(splitData(farm.parts, stopping), /abort/i);
  assert.deepEqual(await readdir(join(farm.parts.config.dataFolder, 'blobs', 'incoming')), []);

  const blobs = { ...farm.parts.blobs, freeBytes: async () => 1_000 };
  const waiting = await splitData({ ...farm.parts, blobs }, await errandFor(farm.parts, job));
  assert.ok(waiting.outcome === 'wait' && waiting.code === 'disk-full');

  const full = {
    ...farm.parts.blobs,
    write: async (bytes: Parameters<typeof blobs.write>[0]) => {
      for await (const _ of bytes) break;
      return { ok: false as const, code: 'disk-full' as const, message: 'full' };
    },
  };
  for (const [dataName, bytes] of [
    ['d.csv', data],
    ['d.npz', await npzBytes({ X: floats(range(900_000)) })],
    ['d.zip', await zipBytes(range(40).map((at) => [`a/${at}`, Buffer.alloc(200_000, at)]))],
  ] as const) {
    const other = await addTraining(farm.parts, { data: bytes, dataName });
    const outcome = await splitData({ ...farm.parts, blobs: full }, await errandFor(farm.parts, other));
    assert.equal(outcome.outcome, 'wait', dataName);
  }
});
