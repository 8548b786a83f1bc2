import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { everyNth, keepsRound } from './checkpoints.ts';

const MB = 1024 ** 2;
const GB = 1024 ** 3;

test('all models are kept while they come to 4 GB, then every n-th, and of huge ones the best and the newest alone', () => {
  const auto = (rounds: number, bytes: number) => everyNth({ models: 'auto', rounds }, bytes);
  assert.deepEqual(
    [auto(40, 100 * MB), auto(41, 100 * MB), auto(200, 100 * MB), auto(3, 3 * GB), auto(10, 5 * GB)],
    [1, 2, 5, null, null],
  );
  assert.deepEqual([auto(1, 3 * GB), auto(1, 5 * GB)], [1, null]);
  assert.equal(everyNth({ models: 'all', rounds: 10_000 }, 5 * GB), 1);
  assert.equal(everyNth({ models: 'best', rounds: 2 }, 1), null);
});

test('whatever their size, the models that stay are 4 GB at most, and no fewer than half of what would fit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 6 * GB }), (rounds, bytes) => {
      const settings = { models: 'auto' as const, rounds };
      const kept = Array.from({ length: rounds }, (_, at) => at + 1).filter((round) =>
        keepsRound(settings, round, bytes),
      );
      assert.ok(kept.length * bytes <= 4 * GB, `${kept.length} models of ${bytes} bytes`);
      const fit = Math.min(rounds, Math.floor((4 * GB) / bytes));
      assert.ok(kept.length === 0 ? fit < 2 : kept.length * 2 >= fit, `${kept.length} of ${fit}`);
    }),
    { numRuns: 200 },
  );
});
