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

test('of several whose failure it runs on one is enough, once all have ended', () => {
  const verdict = (...states: Dependency['state'][]) =>
    judgeDependencies(states.map((state) => ({ on: 'failure', state })));
  assert.equal(verdict('completed', 'failed'), 'run');
  assert.equal(verdict('completed', 'canceled', null), 'run');
  assert.equal(verdict('failed', 'running'), 'wait');
  assert.equal(verdict('completed', 'running'), 'wait');
  assert.equal(verdict('completed', 'completed'), 'cancel');
  assert.equal(verdict('completed', null), 'cancel');
  const also = (on: Dependency['on'], state: Dependency['state']) =>
    judgeDependencies([
      { on: 'failure', state: 'failed' },
      { on, state },
    ]);
  assert.deepEqual([also('success', 'failed'), also('always', 'running')], ['cancel', 'wait']);
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
      const isOneMore = one.on === 'failure' && some.some(({ on }) => on === 'failure');
      const [before, after] = [judgeDependencies(some), judgeDependencies([...some, one])];
      // A further one that may fail is a further way to run.
      if (!isOneMore) assert.ok(rank[after] >= rank[before]);
      assert.equal(after, judgeDependencies([one, ...some]), 'in another order it is another');
      if (after === 'run') for (const { state } of some) assert.ok(state === null || isOver(state));
    }),
  );
});
