import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import fc from 'fast-check';
import { countRows } from '../../client-backend/src/kinds/training/split/count-rows.ts';
import { openCsv } from '../../client-backend/src/kinds/training/split/csv-source.ts';
import type { CsvChoices } from '../../client-backend/src/kinds/training/split/csv-survey.ts';
import { classesOf } from '../../client-backend/src/kinds/training/split/labels.ts';
import { BadData } from '../../client-backend/src/kinds/training/split/problems.ts';
import type { SourceParts } from '../../client-backend/src/kinds/training/split/row-source.ts';
import { planStratifiedSplit } from '../../client-backend/src/kinds/training/split/stratified-split.ts';
import { CASES } from './cases.ts';

const PILOT = fileURLToPath(new URL('../../worker/src/kinds/training/python', import.meta.url));
const COMPARE = fileURLToPath(new URL('compare.py', import.meta.url));

type Read = { refused: string } | { X: (number | null)[][]; y: number[]; classes: string[] | null };
type Answer = { same: boolean; alone: Read; farm: Read };

/** A .csv is read by the backend for the farm's workers, and by pilot.py alone: both have to come to the same. */
describe('a .csv is read alone as on the farm', () => {
  let folder: string;
  let parts: SourceParts;
  let python: ChildProcessWithoutNullStreams;
  let answers: AsyncIterator<string>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilot-reading-'));
    await mkdir(join(folder, 'blobs'));
    parts = { blobs: await createFolderStore(join(folder, 'blobs')) } as unknown as SourceParts;
    python = spawn(process.env.PILOT_PYTHON ?? '/usr/bin/python3', ['-B', COMPARE], {
      env: { PYTHONPATH: PILOT, PYTHONUTF8: '1' },
    });
    python.stderr.pipe(process.stderr);
    answers = createInterface(python.stdout)[Symbol.asyncIterator]();
  });
  after(async () => {
    const gone = once(python, 'exit');
    python.stdin.end();
    await gone;
    await rm(folder, { recursive: true, force: true });
  });

  type Given = { name: string; bytes: Buffer };
  const stored = async ({ name, bytes }: Given) => {
    const written = await parts.blobs.write(Readable.from([bytes]), { maxBytes: 1e9 });
    if (!written.ok) throw new Error(written.message);
    return { blob: written.hash, size: written.size, fileName: name };
  };

  /** What the farm makes of them: one shard of all rows, and one of those to measure on. */
  async function onFarm(given: readonly Given[], test: Given | null, choices: CsvChoices) {
    const watch = { signal: new AbortController().signal, onBytes: () => undefined };
    try {
      const files = await Promise.all(given.map(stored));
      const set = { files, test: test === null ? null : await stored(test) };
      const source = await openCsv(parts, set, choices, watch);
      const { rows, strata, labels } = await countRows(source, watch);
      const classes = labels === null ? null : classesOf(labels, source.labelType());
      const stratified = planStratifiedSplit({
        counts: strata ?? new Map([['', rows]]),
        weights: [1],
        holdout: 0,
        seed: 0,
      });
      const start = strata === null || choices.group != null ? () => () => 0 : stratified.start;
      const holdoutRows = source.test?.rows ?? 0;
      const made = await source.write({ ...stratified, holdoutRows, start }, classes, watch);
      const tables = made.map(({ hash }) => parts.blobs.localPath(hash));
      return { tables, classes, whole: source.labelType() === 'whole' };
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      return { refused: error.message };
    }
  }

  async function compared(
    text: string | Buffer,
    given: Partial<CsvChoices> & { anyRefusal?: true; more?: string[]; test?: string | null } = {},
  ): Promise<Answer> {
    const { label = null, missing = 'refuse', drop = [], encode = [], group = null } = given;
    const choices: CsvChoices = { label, missing, drop, encode, group };
    const files = [text, ...(given.more ?? [])].map((one, index) => ({
      name: `${'def'[index]}.csv`,
      bytes: Buffer.from(one as string),
    }));
    const measured = given.test == null ? null : { name: 't.csv', bytes: Buffer.from(given.test) };
    for (const { name, bytes } of [...files, ...(measured === null ? [] : [measured])]) {
      await writeFile(join(folder, name), bytes);
    }
    const farm = await onFarm(files, measured, choices);
    const csv = files.map(({ name }) => join(folder, name));
    const test = measured === null ? null : join(folder, measured.name);
    python.stdin.write(`${JSON.stringify({ csv, test, choices, farm })}\n`);
    const { value } = await answers.next();
    const answer = JSON.parse(String(value).replaceAll('NaN', 'null')) as Answer;
    // Of a file with two faults either may be found first.
    const refused = given.anyRefusal === true && 'refused' in answer.alone && 'refused' in answer.farm;
    const seen = `alone ${JSON.stringify(answer.alone)}\nfarm  ${JSON.stringify(answer.farm)}`;
    assert.ok(
      answer.same || refused,
      `${JSON.stringify([text.toString(), given]).slice(0, 800)}\n${seen.slice(0, 2_000)}`,
    );
    return answer;
  }

  for (const { what, text, choices, gives } of CASES) {
    test(what, async () => {
      const { farm } = await compared(text, choices);
      if (gives instanceof RegExp)
        assert.match('refused' in farm ? farm.refused : JSON.stringify(farm), gives);
      else {
        assert.ok(!('refused' in farm), JSON.stringify(farm));
        // Rows come in an order of their own.
        const rows = farm.X.map((row, index) => [...row, farm.y[index]]).sort();
        assert.deepEqual({ rows, classes: farm.classes }, { ...gives, rows: gives.rows.toSorted() });
      }
    });
  }

  const cell = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -3, max: 12 }).map(String) },
    {
      weight: 3,
      arbitrary: fc.double({ noNaN: true, min: -1e3, max: 1e3 }).map((value) => value.toFixed(2)),
    },
    fc.constantFrom(
      '',
      'NA',
      'nan',
      '?',
      ' 7 ',
      '1e3',
      '1,5',
      '.5',
      '5.',
      '-0',
      '1_000',
      'inf',
      '1e999',
      '0x10',
      '９',
    ),
    fc.constantFrom('cat', 'dog', 'é', '𝒳', '\uffee', 'a b', 'None'),
    fc.constantFrom(
      '"x"',
      '"a,b"',
      '"a;b"',
      '"say ""no"""',
      '"two\nlines"',
      '"two\r\nlines"',
      'a"b',
      '"a"b',
      '"',
    ),
  );
  const numbers = fc.oneof(fc.integer({ min: 0, max: 9 }).map(String), fc.constantFrom('1.5', '2.25', ''));
  const shape = fc.record({
    width: fc.integer({ min: 1, max: 4 }),
    delimiter: fc.constantFrom(',', ',', ';', '\t', '|'),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    mark: fc.boolean(),
    header: fc.constantFrom('', 'names', 'label'),
    plain: fc.boolean(),
  });
  const file = shape.chain((of) =>
    fc.tuple(
      fc.constant(of),
      fc.array(fc.array(of.plain ? numbers : cell, { minLength: of.width, maxLength: of.width }), {
        maxLength: 12,
      }),
      fc.constantFrom('', '', '', '\n', ',', '"', '\n\n'),
    ),
  );
  const choices = fc.record({
    label: fc.constantFrom(null, null, 'c1', '2'),
    group: fc.constantFrom(null, null, null, 'c0', '1'),
    missing: fc.constantFrom(
      'refuse' as const,
      'drop' as const,
      'mean' as const,
      'zero' as const,
      'keep' as const,
    ),
    drop: fc.constantFrom<string[]>([], [], ['*'], ['c0'], ['1']),
    encode: fc.constantFrom<string[]>([], [], ['*'], ['c1']),
  });

  test('whatever the file', async () => {
    await fc.assert(
      fc.asyncProperty(
        file,
        choices,
        async ([{ width, delimiter, end, mark, header }, rows, rest], given) => {
          const names = Array.from({ length: width }, (_, index) => `c${index}`);
          if (header === 'label') names[0] = 'label';
          const lines = [...(header === '' ? [] : [names]), ...rows].map((row) => row.join(delimiter));
          await compared(`${mark ? '\ufeff' : ''}${lines.join(end)}${end}${rest}`, {
            ...given,
            anyRefusal: true,
          });
        },
      ),
      { numRuns: 600 },
    );
  });

  test('several files, and one to measure on', async () => {
    const rowsOf = (of: { plain: boolean; width: number }) =>
      fc.array(fc.array(of.plain ? numbers : cell, { minLength: of.width, maxLength: of.width }), {
        maxLength: 6,
      });
    const files = shape.chain((of) =>
      fc.tuple(
        fc.constant(of),
        fc.array(rowsOf(of), { minLength: 1, maxLength: 3 }),
        fc.option(rowsOf(of)),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        fc.constantFrom('', '', '', 'other', 'wider'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(files, choices, async ([of, several, test, headed, odd], given) => {
        const { width, delimiter, end, header } = of;
        const names = Array.from({ length: width }, (_, index) => `c${index}`);
        if (header === 'label') names[0] = 'label';
        const textOf = (rows: string[][], index: number, isOdd: boolean) => {
          const own = isOdd && odd === 'other' ? names.map((name) => `${name}x`) : names;
          const lines = header !== '' && (index === 0 || headed[index] === true) ? [own, ...rows] : rows;
          const wider = isOdd && odd === 'wider' ? lines.map((row) => [...row, '1']) : lines;
          return `${wider.map((row) => row.join(delimiter)).join(end)}${end}`;
        };
        const [first = '', ...more] = several.map((rows, index) => textOf(rows, index, index > 0));
        await compared(first, {
          ...given,
          more,
          test: test === null ? null : textOf(test, 3, several.length === 1),
          anyRefusal: true,
        });
      }),
      { numRuns: 300 },
    );
  });
});
