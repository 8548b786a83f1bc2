import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { nextTurns, type Turn, Turns } from './turns.ts';

const turns = (text: string): Turn[] =>
  [...text].map((letter) => ({
    job: `job_${letter.toLowerCase()}0000000` as JobId,
    what: letter === letter.toUpperCase() ? 'assemble' : 'stage-task',
  }));
const letters = (some: Turn[]): string =>
  some.map(({ job, what }) => (what === 'assemble' ? job[4]?.toUpperCase() : job[4])).join('');
const next = (waiting: string, running: string, suspects = ''): string =>
  letters(nextTurns(turns(waiting), turns(running), new Set(turns(suspects).map(({ job }) => job))));

test('two assemblies and four stage tasks at once, in the order in which they came', () => {
  assert.equal(next('ABCdefghi', ''), 'ABdefg');
  assert.equal(next('ABcde', 'Zyx'), 'Acd');
  assert.equal(next('A', 'YZ'), '');
});

test('a suspect waits until nothing runs, holds the others up, and runs alone', () => {
  assert.equal(next('abC', 'z', 'c'), '');
  assert.equal(next('abC', '', 'c'), 'C');
  assert.equal(next('abD', 'C', 'cd'), '');
  assert.equal(next('abD', '', 'cd'), 'D');
  assert.equal(next('ab', '', 'cd'), 'ab');
});

test('whatever comes, a suspect never has company, and somebody always gets on', () => {
  const jobs = fc.uniqueArray(fc.constantFrom(...'abcdefghijkl'), { selector: (letter) => letter });
  fc.assert(
    fc.property(jobs, fc.infiniteStream(fc.boolean()), (names, coins) => {
      const coin = () => coins.next().value === true;
      const all = names.map((letter) => (coin() ? letter : letter.toUpperCase()));
      const suspects = new Set(turns(all.filter(coin).join('')).map(({ job }) => job));
      let waiting = turns(all.join(''));
      let running: Turn[] = [];
      for (let step = 0; step < 100 && waiting.length > 0; step += 1) {
        const begun = nextTurns(waiting, running, suspects);
        running = [...running, ...begun];
        waiting = waiting.filter((turn) => !begun.includes(turn));
        assert.ok(running.length > 0, 'nobody works though some wait');
        if (running.some(({ job }) => suspects.has(job))) assert.equal(running.length, 1);
        const [over] = running;
        if (over !== undefined) suspects.delete(over.job);
        running = running.slice(1);
      }
      assert.equal(waiting.length, 0);
    }),
  );
});

test('one that waits is stopped at once, one that runs when it has ended, and none begins after the end', async () => {
  const [first, second, third] = turns('abc') as [Turn, Turn, Turn];
  const work = Promise.withResolvers<void>();
  const begun: string[] = [];
  const over: string[] = [];
  const all = new Turns(
    ({ job }) => {
      begun.push(job);
      return work.promise;
    },
    (job) => void over.push(job),
  );
  all.suspects = new Set([first.job]);
  all.add(first);
  all.add(second);
  assert.deepEqual(begun, [first.job]);
  await all.stop(second.job);
  assert.deepEqual(over, [second.job]);
  all.add(third);
  const closed = all.close();
  work.resolve();
  await closed;
  assert.deepEqual([begun, all.all], [[first.job], []]);
  assert.deepEqual(over, [second.job, third.job, first.job]);
});
