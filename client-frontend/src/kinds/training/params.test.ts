import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseValue, parseValues, readRow, readRows } from './params.ts';

test('a value is what it reads as', () => {
  const cases: [string, unknown][] = [
    ['0.1', 0.1],
    [' 1e-3 ', 0.001],
    ['-2', -2],
    ['true', true],
    ['False', false],
    ['adam', 'adam'],
    ['"0.1"', '0.1'],
    ["'a, b'", 'a, b'],
    ['1x', '1x'],
    ['Infinity', 'Infinity'],
  ];
  for (const [text, value] of cases) assert.deepEqual(parseValue(text), value, text);
});

test('commas make several values, but not in quotes', () => {
  assert.deepEqual(parseValues('0.1, 0.01'), [0.1, 0.01]);
  assert.deepEqual(parseValues('"a,b", c,'), ['a,b', 'c']);
  assert.deepEqual(parseValues(' '), []);
});

test('one value is a parameter, several or a range are tried', () => {
  const rows = [
    { name: 'lr', values: '0.1, 0.01, 0.1' },
    { name: ' width ', values: '64' },
    { name: 'wd', values: 'log(1e-5, 1e-2)' },
    { name: 'depth', values: 'log(2, 1)' },
    { name: '', values: '' },
  ];
  assert.deepEqual(readRows(rows), {
    params: { width: 64 },
    tried: { lr: { of: 'choice', values: [0.1, 0.01] }, wd: { of: 'log', from: 1e-5, to: 1e-2 } },
  });
  const problem = readRow({ name: 'depth', values: 'log(2, 1)' });
  assert.match('problem' in problem ? problem.problem : '', /smaller number first/);
});
