import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
/** 30 rows in six groups. */
const groupOf = (row: number) => Math.floor(Math.sqrt(row));

/** The first features of the rows of a part of a .csv. */
function featuresOf(table: Buffer, width: number): number[] {
  return range((table.length - 128) / (8 * width)).map((row) => table.readDoubleLE(128 + row * 8 * width));
}

test('rows of one group come into one part, and the column is none of the features', async () => {
  const settings = { shards: 2, group: 'who', holdout: 0.2 };
  const csv = await splitOf({
    data: `a,who,label\n${range(30)
      .map((row) => `${row},p${groupOf(row)},${row % 2}\n`)
      .join('')}`,
    dataName: 'd.csv',
    settings,
  });
  assert.match(csv.plan.reading ?? '', /rows of one "who" kept together, without "who"/);
  const jsonl = await splitOf({
    data: range(30)
      .map((row) => `{"n":${row},"who":${groupOf(row)}}\n`)
      .join(''),
    dataName: 'd.jsonl',
    settings,
  });
  const npz = await splitOf({
    data: await npzBytes({
      X: floats(range(30)),
      who: integers(range(30).map(groupOf)),
      y: integers(range(30)),
    }),
    dataName: 'd.npz',
    settings,
  });
  const arrays = await Promise.all(npz.parts.map(arraysOf));
  for (const found of arrays) assert.deepEqual(Object.keys(found), ['X', 'y']);
  const inParts = [
    csv.parts.map((part) => featuresOf(part, 2)),
    jsonl.parts.map((part) =>
      part
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).n as number),
    ),
    arrays.map(({ X = [] }) => X.map((hex) => Buffer.from(hex, 'hex').readFloatLE(0))),
  ];
  for (const parts of inParts) {
    assert.deepEqual(
      parts.flat().toSorted((a, b) => a - b),
      range(30),
    );
    const groups = parts.map((rows) => [...new Set(rows.map(groupOf))]);
    assert.equal(groups.flat().length, 6, JSON.stringify(groups));
  }
});

test('blocks keep the order, and the end is held out', async () => {
  const { parts, plan } = await splitOf({
    data: `a,label\n${range(20)
      .map((row) => `${row},${row % 2}\n`)
      .join('')}`,
    dataName: 'd.csv',
    settings: { shards: 3, split: 'blocks' },
  });
  assert.deepEqual([plan.shards.map(({ rows }) => rows), plan.holdout?.rows], [[6, 6, 6], 2]);
  assert.deepEqual(
    parts.flatMap((part) => featuresOf(part, 2)),
    range(20),
  );
  assert.deepEqual(plan.classes, ['0', '1']);
});

test('groups that cannot be kept are told in one sentence', async () => {
  const csv = (settings: object) =>
    problemOf({ data: 'a,who,label\n1,x,0\n2,x,1\n3,y,1\n', dataName: 'd.csv', settings });
  assert.equal(
    await csv({ shards: 2, group: 'who' }),
    '"d.csv" has 2 groups of "who", which is too few for 2 shards and a part to measure on. Choose at most 1.',
  );
  assert.match(await csv({ group: 'whom' }), /has no column "whom" for the group; it has a, who, label\./);
  assert.match(await csv({ group: 'label' }), /"label" of "d\.csv" is the label: rows are not kept together/);
  assert.match(
    await problemOf({ data: '{"a":1}\n', dataName: 'd.jsonl', settings: { group: 'who' } }),
    /^Line 1 of "d\.jsonl" has no field "who" for the group/,
  );
  assert.match(
    await problemOf({
      data: await npzBytes({ X: floats(range(4)) }),
      dataName: 'd.npz',
      settings: { group: 'who' },
    }),
    /has no array "who" of single texts or numbers for the groups/,
  );
  assert.match(
    await problemOf({
      data: await zipBytes([['cat/1', Buffer.from('1')]]),
      dataName: 'd.zip',
      settings: { group: 'who' },
    }),
    /^Files of a \.zip have no columns/,
  );
});
