import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doneInWords, doWithAll, fitting } from './bulk-actions.ts';
import { rangeOf } from './selection.ts';

test('each action is offered for the jobs it can be done with', () => {
  const jobs = (['running', 'failed', 'completed', 'canceled'] as const).map((state) => ({ state }));
  const states = (what: Parameters<typeof fitting>[1]) => fitting(jobs, what).map((job) => job.state);
  assert.deepEqual(states('cancel'), ['running']);
  assert.deepEqual(states('retry'), ['failed', 'canceled']);
  assert.equal(states('delete').length, 4);
});

test('one that is refused keeps none of the others back, and few are asked for at once', async () => {
  let [now, most] = [0, 0];
  const seen: number[] = [];
  const { done, refused } = await doWithAll(
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    async (job) => {
      now += 1;
      most = Math.max(most, now);
      await Promise.resolve();
      now -= 1;
      if (job === 3) throw new Error('no');
    },
    (count) => seen.push(count),
  );
  assert.deepEqual([done.length, refused.map(({ job }) => job)], [8, [3]]);
  assert.ok(most <= 4, `${most} at once`);
  assert.equal(seen.at(-1), 9);
});

test('words', () => {
  assert.equal(doneInWords({ do: 'delete' }, 1), '1 job deleted.');
  assert.equal(doneInWords({ do: 'priority', priority: 50 }, 3), '3 jobs moved in the queue.');
});

test('a range goes from the row touched last to this one, up or down', () => {
  const jobs = ['a', 'b', 'c', 'd'].map((id) => ({ id }) as never);
  assert.deepEqual(rangeOf(jobs, 'a', 'c'), ['a', 'b', 'c']);
  assert.deepEqual(rangeOf(jobs, 'd', 'b'), ['b', 'c', 'd']);
  assert.deepEqual(rangeOf(jobs, 'gone', 'b'), ['b']);
  assert.deepEqual(rangeOf(jobs, null, 'b'), ['b']);
});
