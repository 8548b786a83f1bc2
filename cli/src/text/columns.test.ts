import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, table, wrap } from './columns.ts';
import { ago, bytes, duration } from './units.ts';

test('long text is broken between words, and within those that are longer than a line', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('aaaaaaaaaa b', 4), ['aaaa', 'aaaa', 'aa b']);
  assert.deepEqual(wrap('short\n\nlines', 20), ['short', '', 'lines']);
});

test('a table lines its columns up and cuts the last at the width', () => {
  assert.deepEqual(table(['A', 'NAME'], [['1000', 'a long name that does not fit']], 20), [
    'A     NAME',
    '1000  a long name t…',
  ]);
  assert.equal(fit('héllo', 4), 'hél…');
});

test('times and sizes are said as people say them', () => {
  assert.deepEqual([0, 75, 3_700].map(duration), ['0:00', '1:15', '1:01:40']);
  assert.deepEqual([5, 1_536, 12 * 1024 ** 2, 1_020 * 1_024].map(bytes), [
    '5 B',
    '1.5 KB',
    '12 MB',
    '1.0 MB',
  ]);
  assert.deepEqual(
    [10_000, 5 * 60_000, 3 * 3_600_000, 72 * 3_600_000].map((ms) => ago(0, ms)),
    ['just now', '5 min ago', '3 h ago', '3 days ago'],
  );
});
