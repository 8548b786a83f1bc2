import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPlacement } from './placement.ts';

test('which workers may do a job is read as people write it', () => {
  assert.equal(readPlacement({}), null);
  assert.deepEqual(
    readPlacement({ pool: ['film, night', 'shop'], tag: ['fast'], worker: ['studio-07'], memory: '16GB' }),
    {
      pools: ['film', 'night', 'shop'],
      tags: ['fast'],
      memoryBytes: 16_000_000_000,
      workerNames: ['studio-07'],
    },
  );
  for (const [text, bytes] of [
    ['8', 8e9],
    ['1.5 TB', 1.5e12],
    ['512mb', 5.12e8],
  ] as const)
    assert.equal(readPlacement({ memory: text })?.memoryBytes, bytes);
});

test('what cannot be read is refused in a sentence, and never left out', () => {
  for (const memory of ['much', '0', '-1GB', '16GiBs', ''])
    assert.throws(() => readPlacement({ memory }), /--memory .*write how much, for instance 16GB/);
  assert.throws(() => readPlacement({ pool: [''] }), /--pool "": write a name/);
  assert.throws(() => readPlacement({ tag: ['x'.repeat(65)] }), /--tag: /);
});
