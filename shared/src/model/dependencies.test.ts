import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Dependency, judgeDependencies, RUNS_ON } from './dependencies.ts';
import { isOver, JOB_STATUSES } from './job.ts';

const verdictOf = (on: Dependency['on'], state: Dependency['state']) => judgeDependencies([{ on, state }]);

test('a job runs on the success of another, on its failure, or on either', () => {
  assert.deepEqual(
    (['completed', 'failed', 'canceled', null] as const).map((state) =>
      RUNS_ON.map((on) => verdictOf(on, state)),
    ),
    [
      ['run', 'cancel', 'run'],
      ['cancel', 'run', 'run'],
      ['cancel', 'run', 'run'],
      ['cancel', 'cancel', 'run'],
    ],
  );
});

test('a job that waits for none runs; with each that it waits for it can only wait longer, or never run', () => {
  const dependency = fc.record({
    on: fc.constantFrom(...RUNS_ON),
    state: fc.constantFrom(...JOB_STATUSES, null),
  });
  const rank = { run: 0, wait: 1, cancel: 2 };
  assert.equal(judgeDependencies([]), 'run');
  fc.assert(
    fc.property(fc.array(dependency), dependency, (some, one) => {
      const [before, after] = [judgeDependencies(some), judgeDependencies([...some, one])];
      assert.ok(rank[after] >= rank[before]);
      assert.equal(after, judgeDependencies([one, ...some]), 'in another order it is another');
      if (after === 'run') for (const { state } of some) assert.ok(state === null || isOver(state));
    }),
  );
});
