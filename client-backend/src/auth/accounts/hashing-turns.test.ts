import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from './hashing-turns.ts';

test('no more run at once than may, each peer gets its turn before any gets its next, and long lines are refused', async () => {
  const turns = createTurns({ atOnce: 2, perPeer: 3, inAll: 6 });
  const done: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    done.push(name);
    ends.push(() => resolve(name));
    return promise;
  };
  const all = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => turns.take('a', work(name)));
  assert.equal(await turns.take('a', work('a6')), undefined, 'three of one peer wait');
  all.push(turns.take('b', work('b1')), turns.take('c', work('c1')), turns.take('d', work('d1')));
  assert.equal(await turns.take('e', work('e1')), undefined, 'six wait');
  while (done.length < 8 || ends.length > 0) {
    assert.ok(ends.length <= 2, `${ends.length} run at once`);
    ends.shift()?.();
    await new Promise(setImmediate);
  }
  assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'c1', 'd1']);
  assert.deepEqual(done, ['a1', 'a2', 'a3', 'b1', 'c1', 'd1', 'a4', 'a5']);
});

test('work that fails gives its turn on', async () => {
  const turns = createTurns({ atOnce: 1, perPeer: 2, inAll: 2 });
  const fails = turns.take('a', () => Promise.reject(new Error('no')));
  await assert.rejects(fails, /no/);
  assert.equal(await turns.take('a', async () => 'yes'), 'yes');
});
