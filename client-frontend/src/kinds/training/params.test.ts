import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combinations, countCombinations, inWords, parseValue, parseValues, varying } from './params.ts';

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

test('a grid has a job for each combination', () => {
  const rows = [
    { name: 'lr', values: '0.1, 0.01' },
    { name: 'width', values: '64' },
    { name: 'act', values: 'relu, gelu' },
    { name: '', values: '' },
  ];
  const sets = combinations(rows);
  assert.equal(sets.length, 4);
  assert.equal(countCombinations(rows), 4);
  assert.deepEqual(sets[1], { lr: 0.1, width: 64, act: 'gelu' });
  assert.deepEqual(varying(sets), ['lr', 'act']);
  assert.equal(inWords(sets[3] ?? {}, varying(sets)), 'lr=0.01 act=gelu');
  assert.deepEqual(combinations([]), [{}]);
});
