import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { temporaryFolder } from '@parallel-pilot/client-backend/app.fixture.ts';
import { type Zipped, zipOf } from '@parallel-pilot/client-backend/archives/zip.fixture.ts';
import {
  startTestFarm,
  storeBytes,
  type TestFarm,
} from '@parallel-pilot/client-backend/jobs/test-farm.fixture.ts';
import { npzLayout } from '@parallel-pilot/client-backend/kinds/training/data/layout.ts';
import { parseNpyHeader } from '@parallel-pilot/client-backend/kinds/training/data/npy-header.ts';
import {
  type FixtureArray,
  floats,
  npyBytes,
  npzBytes,
} from '@parallel-pilot/client-backend/kinds/training/data/npz.fixture.ts';
import {
  type Npz,
  type NpzArray,
  openNpz,
} from '@parallel-pilot/client-backend/kinds/training/data/open-npz.ts';
import { screenData } from '@parallel-pilot/client-backend/kinds/training/data/screen-data.ts';
import { countRows } from '@parallel-pilot/client-backend/kinds/training/split/count-rows.ts';
import { csvRecords } from '@parallel-pilot/client-backend/kinds/training/split/csv-records.ts';
import { openCsv } from '@parallel-pilot/client-backend/kinds/training/split/csv-source.ts';
import { openJsonl } from '@parallel-pilot/client-backend/kinds/training/split/jsonl-source.ts';
import { openNpzSource } from '@parallel-pilot/client-backend/kinds/training/split/npz-source.ts';
import { BadData } from '@parallel-pilot/client-backend/kinds/training/split/problems.ts';
import type { Watch } from '@parallel-pilot/client-backend/kinds/training/split/row-source.ts';

const MB = 1024 ** 2;
const CHOICES = { label: null, missing: 'refuse', drop: [], encode: [] } as const;
const choices = (given: { encode?: string[] } = {}) => ({ ...CHOICES, drop: [], encode: given.encode ?? [] });
const watchOf = (signal = new AbortController().signal): Watch => ({ signal, onBytes: () => undefined });

let farm: TestFarm;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  farm = await startTestFarm();
  folder = await temporaryFolder();
});
after(async () => {
  await farm.stop();
  await folder.remove();
});

async function given(fileName: string, bytes: Buffer | string) {
  const { hash, size } = await storeBytes(farm.parts, Buffer.from(bytes), 'application/octet-stream');
  const file = { blob: hash, fileName, size };
  return { ...file, files: [file], test: null };
}

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof BadData, String(error.stack));
  assert.match(error.message, message);
  return true;
};

async function drained<T>(batches: AsyncIterable<T[]>): Promise<number[]> {
  const sizes: number[] = [];
  for await (const batch of batches) sizes.push(batch.length);
  return sizes;
}

test('rows that take no bytes are refused when the data is handed in', async () => {
  const nothing = Buffer.alloc(0);
  const attacks: [FixtureArray, RegExp][] = [
    [{ descr: '<f4', shape: [Number.MAX_SAFE_INTEGER, 0], bytes: nothing }, /"X" has rows without values/],
    [{ descr: '<f4', shape: [2 ** 40, 3, 0], bytes: nothing }, /"X" has rows without values/],
    [{ descr: '<U0', shape: [2 ** 40], bytes: nothing }, /"X" has rows without values/],
    [{ descr: '<f4', shape: [3, 0], bytes: nothing }, /"X" has rows without values/],
  ];
  for (const [array, message] of attacks) {
    const screened = await screenData(
      farm.parts,
      await given('data.npz', await npzBytes({ X: array })),
      choices(),
    );
    assert.ok(!screened.ok, `${array.descr} ${array.shape} was taken`);
    assert.match(screened.message, message);
  }
});

test('more rows than can be dealt are refused by what the header says', () => {
  const parsed = parseNpyHeader(npyBytes({ descr: '|u1', shape: [2 ** 32 + 1], bytes: Buffer.alloc(0) }));
  assert.ok(parsed.ok);
  const array = { name: 'X', header: parsed.header, stored: true } as NpzArray;
  const layout = npzLayout({ arrays: new Map([['X', array]]) } as Npz, { label: null });
  assert.ok(!layout.ok);
  assert.match(layout.message, /"X" has more than 4,294,967,296 rows/);
});

test('rows without labels are counted in turns with others, and no further once the job is canceled', async () => {
  const rows = 20_000_000;
  const data = await npzBytes(
    { X: { descr: '|u1', shape: [rows], bytes: Buffer.alloc(rows) } },
    { store: false },
  );
  const source = await openNpzSource(farm.parts, await given('data.npz', data), { label: null });
  const canceled = new AbortController();
  try {
    const counted = countRows(source, watchOf(canceled.signal));
    void turn().then(() => canceled.abort(new Error('canceled')));
    await assert.rejects(counted, /canceled/);
  } finally {
    source.close();
  }
});

test('no text makes its reader try again and again', async () => {
  const at = (path: string) => import.meta.resolve(`@parallel-pilot/client-backend/kinds/training/${path}`);
  const [imports, format, labels] = [
    at('script-imports.ts'),
    at('data/csv-format.ts'),
    at('split/npz-labels.ts'),
  ];
  const attacks = {
    'a long name of a module': [imports, `read.importedModules('from ' + 'a'.repeat(1e6))`],
    'long names on many lines': [
      imports,
      `read.importedModules(('from ' + 'a'.repeat(9_000) + '!\\n').repeat(110))`,
    ],
    'a list behind a break that is none': [
      imports,
      `read.importedModules('import ' + ' '.repeat(1e6) + '\\u2028x')`,
    ],
    'a string that is not closed': [imports, `read.importedModules('"' + '\\\\"'.repeat(5e5))`],
    'a string in three quotes that is not closed': [
      imports,
      `read.importedModules('"""\\n'.repeat(1e5) + "'''")`,
    ],
    'spaces within a cell': [format, `read.trimmed('a' + ' '.repeat(4e6) + 'x')`],
    'a long number': [format, `read.readNumber('1'.repeat(4e6) + 'x', ',')`],
    'zeros within a label': [
      labels,
      `read.decoderOf({ kind: 'S', itemBytes: 4e6 + 1 })(Buffer.concat([Buffer.alloc(4e6), Buffer.from('x')]), 0)`,
    ],
  };
  const run = promisify(execFile);
  const failed = await Promise.all(
    Object.entries(attacks).map(async ([name, [file, call]]) => {
      const program = `import * as read from ${JSON.stringify(file)};\n${call};`;
      // This is where the test gives up, no measure: what tries again takes minutes to hours.
      return run(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 }).then(
        () => [],
        (error) => [`${name}: ${error.killed ? 'it does not end' : error.message}`],
      );
    }),
  );
  assert.deepEqual(failed.flat(), []);
});

test('what is longer than a number is none', async () => {
  const data = await given('data.csv', `a,label\n${'1'.repeat(65)},0\n2,1\n`);
  await assert.rejects(openCsv(farm.parts, data, choices(), watchOf()), refused(/"a".* holds text/));
});

test("what the maker of a worker's arrays adds to their table of contents is neither held nor taken without end", async () => {
  const bytes = npyBytes(floats([1]));
  const entries = (count: number): Zipped[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `a${index}.npy`,
      bytes,
      store: true,
      extra: EXTRA,
    }));
  const path = join(folder.path, 'weights.npz');
  await writeFile(path, zipOf(entries(80)));
  const large = await openNpz(path);
  if (large.ok) large.npz.close();
  assert.ok(!large.ok, 'a large table of contents was taken');
  assert.match(large.message, /table of contents of more than 4 MB/);

  await writeFile(path, zipOf(entries(10)));
  const small = await openNpz(path);
  assert.ok(small.ok);
  small.npz.close();
  for (const { entry } of small.npz.arrays.values()) {
    assert.equal(entry.extraFieldRaw.length + entry.extraFields.length + entry.fileCommentRaw.length, 0);
  }

  const descr = `<f4[${'x'.repeat(20_000)}]`;
  await writeFile(path, await npzBytes({ a: { descr, shape: [1], bytes: Buffer.alloc(4) } }));
  const worded = await openNpz(path);
  if (worded.ok) worded.npz.close();
  assert.ok(!worded.ok, 'a type of 20,000 characters was taken');
});

/** An extra field of 60,000 bytes that nobody knows. */
const EXTRA = Buffer.concat([Buffer.from([0xfe, 0xca, 0x5c, 0xea]), Buffer.alloc(59_996)]);

test('long rows are read a few at a time', async () => {
  const row = `${'x'.repeat(400_000)},1\n`;
  const data = await given('data.csv', row.repeat(20));
  const sizes = await drained(csvRecords(farm.parts.blobs, data, ',', watchOf()));
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    20,
  );
  assert.ok(Math.max(...sizes) <= 3, `a batch has ${Math.max(...sizes)} rows`);
});

test('a row of too many cells is refused with its line', async () => {
  const wide = await given('data.csv', `${'1,'.repeat(100_000)}1\n`);
  await assert.rejects(
    drained(csvRecords(farm.parts.blobs, wide, ',', watchOf())),
    refused(/^Line 1 of "data\.csv" has 100,001 cells, and 100,000 are the most\.$/),
  );
});

test('a row of empty cells that never ends is refused with its line', async () => {
  const endless = await given('data.csv', Buffer.alloc(18 * MB, ','));
  await assert.rejects(
    drained(csvRecords(farm.parts.blobs, endless, ',', watchOf())),
    refused(/^Line 1 of "data\.csv" begins a row that does not end/),
  );
});

test('a long line of JSON is refused with its number', async () => {
  const long = await given('data.jsonl', `{"a":1}\n{"a":"${'x'.repeat(9 * MB)}"}\n`);
  await assert.rejects(
    drained(openJsonl(farm.parts, long, { label: null }).labels(watchOf())),
    refused(/^Line 2 of "data\.jsonl" is too long to be a row: 8 MB are the most\.$/),
  );
});

test('columns are not encoded into rows without end', async () => {
  const columns = 120;
  const rows = Array.from(
    { length: 1_000 },
    (_, row) => `${Array(columns).fill(`t${row}`).join(',')},${row % 2}`,
  );
  const data = await given('data.csv', `${rows.join('\n')}\n`);
  await assert.rejects(
    openCsv(farm.parts, data, choices({ encode: ['*'] }), watchOf()),
    refused(/would be 120,000 numbers, and 100,000 are the most/),
  );
});

test('a long text is no class', async () => {
  const text = 'x'.repeat(2_000);
  const table = await openCsv(
    farm.parts,
    await given('data.csv', `a,label\n1,${text}\n2,b\n`),
    choices(),
    watchOf(),
  );
  await assert.rejects(countRows(table, watchOf()), refused(/more than 1,024 characters/));
  const lines = openJsonl(farm.parts, await given('data.jsonl', `{"label":"${text}"}\n{"label":"b"}\n`), {
    label: null,
  });
  assert.equal((await countRows(lines, watchOf())).labels, null);
});
