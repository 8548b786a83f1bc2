import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import type { DoneRun } from '../done-runs.ts';
import { createTable, openSurvey, readRunTable, survey } from './csv-table.ts';
import { Ungathered } from './run-text.ts';

const runOf = (run: number, values: Record<string, string> = {}): DoneRun => ({
  ...{ run, values, ms: 1, out: 0, err: 0, files: [], data: null, start: 0 },
});

function gathered(texts: string[], values: Record<string, string>[] = []) {
  const read = () => texts.map((text, run) => readRunTable(runOf(run, values[run]), Buffer.from(text)));
  const seen = openSurvey();
  for (const one of read()) survey(seen, one);
  const table = createTable(seen);
  return {
    text:
      table.header() +
      read()
        .map((one) => table.rows(one))
        .join(''),
    view: table.view(),
  };
}

test('rows of all runs stand under one header, with the number and the parameters of their run', () => {
  const { text, view } = gathered(['pi\n3.1\n', 'pi\n3.2\n3.3\n'], [{ seed: '7' }, { seed: '8' }]);
  assert.equal(text, 'run,seed,pi\n1,7,3.1\n2,8,3.2\n2,8,3.3\n');
  assert.deepEqual(view.plot, {
    x: 'seed',
    y: 'pi',
    points: [
      { x: 7, y: 3.1 },
      { x: 8, y: 3.2 },
      { x: 8, y: 3.3 },
    ],
  });
});

test('a run with other columns has its own, and what it says itself goes before a parameter', () => {
  const { text } = gathered(['a,seed\n1,x\n', 'b\n2\n', ''], [{ seed: '7' }, { seed: '8' }, { seed: '9' }]);
  assert.equal(text, 'run,a,seed,b\n1,1,x,\n2,,,2\n');
});

test('whatever cells hold, it comes out as it went in', () => {
  const cell = fc.string({ maxLength: 8 }).map((text) => text.replaceAll('\r', '').trim());
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(cell, cell)), { minLength: 1, maxLength: 5 }), (runs) => {
      const texts = runs.map((rows) => stringify([['a', 'b'], ...rows], { quoted: true }));
      const { text, view } = gathered(texts);
      const expected = runs.flatMap((rows, run) => rows.map(([a, b]) => [String(run + 1), a, b]));
      assert.deepEqual(parse(text), [['run', 'a', 'b'], ...expected]);
      assert.equal(view.total, expected.length);
    }),
  );
});

test('a table that cannot be taken is named by its run', () => {
  const says = (text: string, what: RegExp) =>
    assert.throws(
      () => gathered(['a\n1\n', text]),
      (error) => error instanceof Ungathered && what.test(error.message),
    );
  says('a,b\n1\n', /^Run 2: row 1 of its table has 1 values, and there are 2 columns\./);
  says('a\n"1', /^Run 2: its table cannot be read/);
  says('a,a\n1,2\n', /^Run 2: two columns of its table have one name\./);
});

test('of many rows few points are kept, over all of them, and nothing is drawn without numbers', () => {
  const many = `pi\n${Array.from({ length: 10_001 }, (_, index) => `${index}\n`).join('')}`;
  const { view } = gathered([many]);
  assert.ok((view.plot?.points.length ?? 0) > 1_500 && (view.plot?.points.length ?? 0) <= 2_000);
  assert.ok((view.plot?.points.at(-1)?.y ?? 0) > 9_900);
  assert.equal(gathered(['name\nx\n']).view.plot, null);
});
