import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridLayout, moveInGrid } from './grid-layout.ts';
import { overviewColumns } from './overview-columns.ts';

test('every cell has a place and none is wider than the room', () => {
  for (const count of [1, 48, 360, 361, 2_000, 2_001, 100_000]) {
    for (const width of [20, 342, 1_280]) {
      const { columns, rows, cell, gap } = gridLayout(count, width);
      assert.ok(columns * rows >= count && columns * (rows - 1) < count, `${count} in ${width}`);
      assert.ok(columns === 1 || columns * (cell + gap) - gap <= width, `${count} in ${width}`);
    }
  }
  assert.equal(gridLayout(48, 1_280).numbered, true);
  assert.equal(gridLayout(100_000, 1_280).numbered, false);
});

test('keys move within the grid', () => {
  assert.equal(moveInGrid('ArrowRight', 9, 25, 10), 10);
  assert.equal(moveInGrid('ArrowRight', 24, 25, 10), 24);
  assert.equal(moveInGrid('ArrowLeft', 0, 25, 10), 0);
  assert.equal(moveInGrid('ArrowDown', 9, 25, 10), 19);
  assert.equal(moveInGrid('ArrowDown', 19, 25, 10), 19);
  assert.equal(moveInGrid('ArrowUp', 5, 25, 10), 5);
  assert.equal(moveInGrid('PageDown', 3, 25, 10), 24);
  assert.equal(moveInGrid('Home', 13, 25, 10), 0);
  assert.equal(moveInGrid('End', 13, 25, 10), 24);
});

test('the overview never hides a failure', () => {
  const letters = `${'d'.repeat(999)}f${'d'.repeat(500)}r${'q'.repeat(499)}`;
  const columns = overviewColumns(letters, 100);
  assert.equal(columns.length, 100);
  assert.equal(columns[49], 'f');
  assert.equal(columns[75], 'r');
  assert.equal(columns[0], 'd');
  assert.equal(columns[99], 'q');
  assert.deepEqual(overviewColumns('df', 4), ['d', 'd', 'f', 'f']);
});
