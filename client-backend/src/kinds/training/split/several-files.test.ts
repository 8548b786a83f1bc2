import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fromBufferPromise } from 'yauzl';
import { startTestFarm, type TestFarm } from '../../../jobs/test-farm.fixture.ts';
import { floats, integers, npzBytes, zipBytes } from '../data/npz.fixture.ts';
import { splitter } from './split.fixture.ts';

let farm: TestFarm;
before(async () => {
  farm = await startTestFarm();
});
after(() => farm.stop());

const { splitOf, problemOf, arraysOf } = splitter(() => farm);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Texts of that many characters, as NumPy stores them. */
const texts = (values: string[], width: number) => ({
  descr: `<U${width}`,
  shape: [values.length],
  bytes: Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(width * 4);
      for (const [at, letter] of [...value].entries())
        bytes.writeUInt32LE(letter.codePointAt(0) ?? 0, at * 4);
      return bytes;
    }),
  ),
});

test('files .npz: the rows of all are split, those of the test set are measured on, texts as wide as the widest', async () => {
  const file = (from: number, labels: string[], width: number, names = ['X', 'y']) =>
    npzBytes({
      [names[0] ?? '']: floats(
        range(labels.length * 2).map((at) => from + at),
        [labels.length, 2],
      ),
      [names[1] ?? '']: texts(labels, width),
    });
  const { plan, parts } = await splitOf({
    data: await file(0, ['cat', 'dog', 'cat', 'dog'], 3),
    dataName: 'a.npz',
    moreData: [{ name: 'b.npz', bytes: await file(100, ['horse', 'horse', 'cat', 'dog'], 5) }],
    test: { name: 't.npz', bytes: await file(200, ['dog', 'cat', 'dog'], 4, ['X_test', 'y_test']) },
    settings: { shards: 2 },
  });
  assert.deepEqual(
    [plan.rows, plan.shards.map(({ rows }) => rows), plan.holdout?.rows, plan.classes],
    [11, [4, 4], 3, ['cat', 'dog', 'horse']],
  );
  assert.match(plan.reading ?? '', /^Read "a\.npz and 1 more"\. The model is measured on "t\.npz", 3 rows/);
  const found = await Promise.all(parts.map(arraysOf));
  const textOf = (hex: string) => Buffer.from(hex, 'hex').toString('latin1').replaceAll('\0', '');
  assert.deepEqual(found[2]?.y?.map(textOf), ['dog', 'cat', 'dog']);
  const first = (hex: string) => Buffer.from(hex, 'hex').readFloatLE(0);
  const pairs = found
    .slice(0, 2)
    .flatMap(({ X = [], y = [] }) => X.map((row, at) => [first(row), textOf(y[at] ?? '')]));
  assert.deepEqual(
    pairs.toSorted(([a], [b]) => Number(a) - Number(b)),
    [
      [0, 'cat'],
      [2, 'dog'],
      [4, 'cat'],
      [6, 'dog'],
      [100, 'horse'],
      [102, 'horse'],
      [104, 'cat'],
      [106, 'dog'],
    ],
  );
});

test('files .jsonl and .csv: the rows of all, and the test set as it is', async () => {
  const lines = (from: number, count: number) =>
    range(count)
      .map((at) => `{"n":${from + at},"label":"${at % 2 === 0 ? 'a' : 'b'}"}\n`)
      .join('');
  const jsonl = await splitOf({
    data: lines(0, 6),
    dataName: 'a.jsonl',
    moreData: [{ name: 'b.jsonl', bytes: Buffer.from(lines(6, 6)) }],
    test: { name: 't.jsonl', bytes: Buffer.from(lines(50, 3)) },
    settings: { shards: 3 },
  });
  assert.equal(jsonl.parts[3]?.toString(), lines(50, 3));
  const all = jsonl.parts.slice(0, 3).flatMap((part) => part.toString().trim().split('\n'));
  assert.deepEqual(
    all.map((line) => JSON.parse(line).n).toSorted((a, b) => a - b),
    range(12),
  );
  const csv = await splitOf({
    data: 'a,label\n1,x\n2,y\n',
    dataName: 'a.csv',
    moreData: [
      { name: 'b.csv', bytes: Buffer.from('a,label\n3,x\n') },
      { name: 'c.csv', bytes: Buffer.from('4,y\n') },
    ],
    test: { name: 't.csv', bytes: Buffer.from('a;label\n9;y\n') },
    settings: { shards: 2 },
  });
  assert.deepEqual([csv.plan.rows, csv.plan.holdout?.rows, csv.plan.classes], [5, 1, ['x', 'y']]);
  assert.deepEqual([csv.parts[2]?.readDoubleLE(128), csv.parts[2]?.readDoubleLE(136)], [9, 1]);
});

test('archives .zip with the same paths, and one to measure on', async () => {
  const archive = (...paths: string[]) => zipBytes(paths.map((path) => [path, Buffer.from(path)]));
  const { plan, parts } = await splitOf({
    data: await archive('cat/1.png', 'dog/1.png'),
    dataName: 'a.zip',
    moreData: [{ name: 'b.zip', bytes: await archive('cat/1.png', 'dog/1.png') }],
    test: { name: 't.zip', bytes: await archive('cat/1.png') },
    settings: { shards: 1 },
  });
  assert.deepEqual([plan.rows, plan.holdout?.rows, plan.classes], [5, 1, ['cat', 'dog']]);
  const names = [];
  for await (const { fileName } of (await fromBufferPromise(parts[0] as Buffer)).eachEntry())
    names.push(fileName);
  assert.deepEqual(names.toSorted(), ['2/cat/1.png', '2/dog/1.png', 'cat/1.png', 'dog/1.png']);
});

test('a test set that does not suit the data is told in one sentence', async () => {
  const csv = (test: string, settings = {}) =>
    problemOf({
      data: 'a,b,label\n1,2,x\n2,3,y\n3,4,x\n4,5,y\n',
      dataName: 'd.csv',
      test: { name: 't.csv', bytes: Buffer.from(test) },
      settings: { shards: 2, ...settings },
    });
  assert.equal(
    await csv('a,b,label\n1,2,z\n1,2,x\n'),
    '"t.csv" has a label that "d.csv" does not have: "z".',
  );
  assert.equal(
    await csv('a,c,label\n1,2,x\n'),
    '"t.csv" has other columns than "d.csv": the column 2 is "c", not "b".',
  );
  assert.equal(
    await csv('a,label\n1,x\n'),
    '"t.csv" has other columns than "d.csv": 2 columns, not 3 columns.',
  );
  assert.match(await csv('a,b,label\nmany,2,x\n'), /"t\.csv" holds text: "many" in line 2/);
  assert.equal(
    await csv('a,b,label\nmany,2,x\n', { drop: ['*'] }),
    'The column "a" of "t.csv" holds text, "many" in line 2, and that of "d.csv" numbers.',
  );
  const npz = (train: object, test: object) =>
    Promise.all([npzBytes(train as never), npzBytes(test as never)]).then(([data, bytes]) =>
      problemOf({ data, dataName: 'd.npz', test: { name: 't.npz', bytes }, settings: { shards: 1 } }),
    );
  const two = { X: floats(range(4), [2, 2]), y: texts(['a', 'b'], 1) };
  assert.equal(
    await npz(two, { ...two, X: floats(range(6), [2, 3]) }),
    '"t.npz" has the array "X" in another shape or type than "d.npz".',
  );
  assert.equal(await npz(two, { X: two.X }), '"t.npz" has no array "y", as has "d.npz".');
  assert.equal(
    await npz(two, { ...two, y: texts(['b', 'q'], 1) }),
    '"t.npz" has a label that "d.npz" does not have: "q".',
  );
  const parted = { x_train: two.X, y_train: integers([0, 1]), x_test: two.X, y_test: integers([0, 1]) };
  assert.equal(
    await npz(parted, { x: two.X, y: integers([0, 1]) }),
    '"d.npz" has a part of its own to measure on, and "t.npz" is another: give one of them.',
  );
  assert.equal(
    await problemOf({
      data: 'a,label\n1,2\n',
      dataName: 'd.csv',
      test: { name: 't.jsonl', bytes: Buffer.from('{}') },
    }),
    '"t.jsonl" is a .jsonl, and "d.csv" a .csv: files of one training have one format.',
  );
});
