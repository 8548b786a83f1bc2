import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fromBufferPromise } from 'yauzl';
import { startTestFarm, type TestFarm } from '../../../jobs/test-farm.fixture.ts';
import { parseNpyHeader } from '../data/npy-header.ts';
import { floats, integers, npzBytes, zipBytes } from '../data/npz.fixture.ts';
import { addTraining, backgroundTaskFor } from '../training.fixture.ts';
import { splitter } from './split.fixture.ts';
import { splitData } from './split.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
});
after(() => farm.stop());

const { splitOf, problemOf, bytesOf, arraysOf } = splitter(() => farm);

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
    assert.deepEqual([plan.shards[0]?.input?.path, plan.holdout?.input?.path], ['data.npz', 'holdout.npz']);
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

/** The rows of the table that a part of a .csv is. */
function rowsOf(npy: Buffer): number[][] {
  const parsed = parseNpyHeader(npy);
  assert.ok(parsed.ok && parsed.header.descr === '<f8');
  const { length, shape } = parsed.header;
  const [rows = 0, width = 0] = shape;
  assert.equal(npy.length, length + rows * width * 8);
  const at = (place: number) => npy.readDoubleLE(length + place * 8);
  return range(rows).map((row) => range(width).map((cell) => at(row * width + cell)));
}

test('a .csv: every row once with its label as a number, each class in every part', async () => {
  const data = `a;kind;b\n${range(40)
    .map((row) => `${row},5;${row % 4 === 0 ? 'rare' : '"usual"'};${row}`)
    .join('\n')}\n`;
  const settings = { shards: 3, holdout: 0.1, label: 'kind' };
  const { plan, parts } = await splitOf({ data, dataName: 'd.csv', settings });
  assert.deepEqual([plan.rows, plan.classes, plan.wholeLabels], [40, ['rare', 'usual'], false]);
  assert.deepEqual([plan.shards[0]?.input?.path, plan.holdout?.input?.path], ['data.npy', 'holdout.npy']);
  assert.equal(
    plan.reading,
    'Read "d.csv" with cells between semicolons, decimal commas, a header, the label in the column "kind".',
  );
  const found = parts.map(rowsOf);
  assert.deepEqual(
    found.flat().toSorted(([a = 0], [b = 0]) => a - b),
    range(40).map((row) => [row + 0.5, row, row % 4 === 0 ? 0 : 1]),
  );
  assert.deepEqual(
    found.map((rows) => rows.filter((row) => row[2] === 0).length),
    [3, 3, 3, 1],
  );
});

test('rows of a .csv that are left out are no part of the split, and that is told', async () => {
  const data = `a,y\n${range(20)
    .map((row) => (row === 7 ? 'NA,0' : row === 9 ? '9,' : `${row},${row % 2}`))
    .join('\n')}\n`;
  const settings = { shards: 2, holdout: 0, missing: 'drop' as const };
  const { plan, parts } = await splitOf({ data, dataName: 'd.csv', settings });
  assert.equal(plan.rows, 18);
  assert.deepEqual(plan.classes, ['0', '1']);
  assert.equal(parts.flatMap(rowsOf).length, 18);
  assert.match(plan.reading ?? '', / 2 rows are left out because a value is missing\.$/);
});

test('classes that are too many for every stage are handed on in a file of their own', async () => {
  const names = range(2_000).map((row) => `name ${String(row).padStart(4, '0')}`);
  const csv = `a,label\n${names.map((name, row) => `${row},${name}`).join('\n')}\n`;
  const wide = Buffer.alloc(names.length * 9 * 4);
  for (const [row, name] of names.entries())
    for (const [at, letter] of [...name].entries())
      wide.writeUInt32LE(letter.codePointAt(0) ?? 0, (row * 9 + at) * 4);
  const npz = await npzBytes({
    X: floats(range(2_000)),
    y: { descr: '<U9', shape: [2_000], bytes: wide },
  });
  for (const [dataName, data] of [
    ['d.csv', csv],
    ['d.npz', npz],
  ] as const) {
    const { plan } = await splitOf({ data, dataName, settings: { shards: 2 } });
    assert.equal(plan.classes, null);
    assert.ok(plan.classFile !== null && plan.classFile.path === 'classes.json', dataName);
    assert.deepEqual(JSON.parse((await bytesOf(plan.classFile.hash)).toString()), names);
  }
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

test('a .zip with a read-me and parts: the classes are those of the folders, the test part is measured on', async () => {
  const files = (part: string, count: number) =>
    range(count).map((index): [string, Buffer] => [
      `shapes/${part}/${index % 2 === 0 ? 'circle' : 'square'}/${index}.png`,
      Buffer.from(`${part} ${index}`),
    ]);
  const beside: [string, Buffer][] = [
    ['shapes/README.txt', Buffer.from('read me')],
    ['shapes/train/Thumbs.db', Buffer.from('x')],
  ];
  const data = await zipBytes([...beside, ...files('train', 12), ...files('test', 6), ...files('val', 2)]);
  const { plan, parts } = await splitOf({ data, dataName: 'd.zip', settings: { shards: 2, holdout: 0.5 } });
  assert.deepEqual(
    [plan.rows, plan.classes, plan.shards.map((shard) => shard.rows), plan.holdout?.rows],
    [18, ['circle', 'square'], [6, 6], 6],
  );
  assert.match(
    plan.reading ?? '',
    /measured on the 6 files of "test"\. Left out, as no part of what is trained on: "shapes\/README\.txt" and 2 more\./,
  );
  const names = await Promise.all(
    parts.map(async (part) => {
      const found: string[] = [];
      for await (const entry of (await fromBufferPromise(part)).eachEntry()) found.push(entry.fileName);
      return found;
    }),
  );
  assert.deepEqual(
    names.pop()?.toSorted(),
    files('test', 6)
      .map(([name]) => name)
      .toSorted(),
  );
  assert.deepEqual(
    names.flat().toSorted(),
    files('train', 12)
      .map(([name]) => name)
      .toSorted(),
  );
  const beside2 = await zipBytes([
    ['cat/1.png', Buffer.from('1')],
    ['cat/more/2.png', Buffer.from('2')],
  ]);
  assert.match(
    await problemOf({ data: beside2, dataName: 'd.zip' }),
    /"cat\/1\.png" lies beside other folders/,
  );
});

test('an .npz of x_train and x_test, some of it stored column by column: rows stay rows, the test part is measured on', async () => {
  const [rows, tests] = [30, 7];
  const value = (row: number, a: number, b: number) => row * 100 + a * 10 + b;
  const inC = (count: number, from: number) =>
    range(count).flatMap((row) => range(2).flatMap((a) => range(3).map((b) => value(row + from, a, b))));
  // The first dimension fastest.
  const inFortran = (count: number, from: number) =>
    range(3).flatMap((b) => range(2).flatMap((a) => range(count).map((row) => value(row + from, a, b))));
  for (const store of [true, false]) {
    const data = await npzBytes(
      {
        x_train: { ...floats(inFortran(rows, 0), [rows, 2, 3]), fortran: true },
        y_train: integers(range(rows).map((row) => row % 3)),
        x_test: { ...floats(inFortran(tests, 1_000), [tests, 2, 3]), fortran: true },
        y_test: integers(range(tests).map(() => 5)),
      },
      { store },
    );
    const { plan, parts } = await splitOf({ data, dataName: 'd.npz', settings: { shards: 2 } });
    assert.deepEqual(
      [plan.rows, plan.classes, plan.shards.map((shard) => shard.rows), plan.holdout?.rows],
      [37, ['0', '1', '2', '5'], [15, 15], 7],
    );
    const found = await Promise.all(parts.map(arraysOf));
    const hexOf = (values: number[]) =>
      range(values.length / 6).map((row) => {
        const bytes = Buffer.alloc(24);
        for (const at of range(6)) bytes.writeFloatLE(values[row * 6 + at] ?? 0, at * 4);
        return bytes.toString('hex');
      });
    assert.deepEqual(Object.keys(found[0] ?? {}), ['x', 'y']);
    assert.deepEqual(found.pop()?.x, hexOf(inC(tests, 1_000)));
    const all = hexOf(inC(rows, 0));
    assert.deepEqual(found.flatMap((part) => part.x ?? []).toSorted(), all.toSorted());
    for (const { x = [], y = [] } of found)
      for (const [at, row] of x.entries()) assert.equal(Number(y[at]?.slice(0, 2)), all.indexOf(row) % 3);
  }
  const uneven = await npzBytes({
    x_train: floats(range(8), [4, 2]),
    y_train: integers(range(4)),
    x_test: floats(range(9), [3, 3]),
    y_test: integers(range(3)),
  });
  assert.match(await problemOf({ data: uneven, dataName: 'd.npz' }), /measure on has "x" in another shape/);
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
  assert.match(await csv('a,b\n1,2\n1,2,3\n'), /^Line 3 of "d\.csv" has 3 cells, and the first row has 2\./);
  assert.match(await csv('a,b\n1,"2\n'), /A quote in "d\.csv" is never closed/);
  assert.match(await csv('a,b\n1,2\n', { label: 'c' }), /no column "c" for the label; it has a, b\./);
  assert.match(await csv('1,2\n', { label: 'c' }), /has no header, and they are called 1 to 2/);
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
  const task = await backgroundTaskFor(farm.parts, job, controller.signal);
  const stopping = { ...task, onProgress: (done: number) => done > 0.5 && controller.abort() };
  await assert.rejects(splitData(farm.parts, stopping), /abort/i);
  assert.deepEqual(await readdir(join(farm.parts.config.dataFolder, 'blobs', 'incoming')), []);

  const blobs = { ...farm.parts.blobs, freeBytes: async () => 1_000 };
  const waiting = await splitData({ ...farm.parts, blobs }, await backgroundTaskFor(farm.parts, job));
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
    const outcome = await splitData(
      { ...farm.parts, blobs: full },
      await backgroundTaskFor(farm.parts, other),
    );
    assert.equal(outcome.outcome, 'wait', dataName);
  }
});
