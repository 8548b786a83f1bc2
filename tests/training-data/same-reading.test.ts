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

  /** What the farm makes of it: one shard of all rows. */
  async function onFarm(bytes: Buffer, choices: CsvChoices) {
    const watch = { signal: new AbortController().signal, onBytes: () => undefined };
    const written = await parts.blobs.write(Readable.from([bytes]), { maxBytes: 1e9 });
    if (!written.ok) throw new Error(written.message);
    try {
      const data = { blob: written.hash, size: written.size, fileName: 'd.csv' };
      const source = await openCsv(parts, data, choices, watch);
      const { rows, strata, labels } = await countRows(source, watch);
      const classes = labels === null ? null : classesOf(labels, source.labelType());
      const stratified = planStratifiedSplit({
        counts: strata ?? new Map([['', rows]]),
        weights: [1],
        holdout: 0,
        seed: 0,
      });
      const start = strata === null ? () => () => 0 : stratified.start;
      const [stored] = await source.write({ ...stratified, start }, classes, watch);
      if (stored === undefined) throw new Error('nothing was written');
      return { table: parts.blobs.localPath(stored.hash), classes, whole: source.labelType() === 'whole' };
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      return { refused: error.message };
    }
  }

  async function compared(
    text: string | Buffer,
    given: Partial<CsvChoices> & { anyRefusal?: true } = {},
  ): Promise<Answer> {
    const { label = null, missing = 'refuse', drop = [], encode = [] } = given;
    const choices: CsvChoices = { label, missing, drop, encode };
    const bytes = Buffer.from(text as string);
    const csv = join(folder, 'd.csv');
    await writeFile(csv, bytes);
    const farm = await onFarm(bytes, choices);
    python.stdin.write(`${JSON.stringify({ csv, choices, farm })}\n`);
    const { value } = await answers.next();
    const answer = JSON.parse(String(value).replaceAll('NaN', 'null')) as Answer;
    // Of a file with two faults either may be found first.
    const refused = given.anyRefusal === true && 'refused' in answer.alone && 'refused' in answer.farm;
    const seen = `alone ${JSON.stringify(answer.alone)}\nfarm  ${JSON.stringify(answer.farm)}`;
    assert.ok(
      answer.same || refused,
      `${JSON.stringify(text.toString()).slice(0, 500)}\n${seen.slice(0, 2_000)}`,
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

  test('whatever the file', async () => {
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
    const file = fc
      .record({
        width: fc.integer({ min: 1, max: 4 }),
        delimiter: fc.constantFrom(',', ',', ';', '\t', '|'),
        end: fc.constantFrom('\n', '\r\n', '\r'),
        mark: fc.boolean(),
        header: fc.constantFrom('', 'names', 'label'),
        plain: fc.boolean(),
      })
      .chain((of) =>
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
});
