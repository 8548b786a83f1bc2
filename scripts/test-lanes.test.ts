import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { until } from '../tests/support/until.ts';
import { runInLanes, watchProcessor } from './test-lanes.ts';

/** Files that run until they are let end; `running` in the order in which they began. */
function lanes(files: { dear: string[]; light: string[] }, share: number) {
  const running = new Map<string, () => void>();
  const begun: string[] = [];
  const stop = new AbortController();
  const run = (file: string) => {
    begun.push(file);
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(file, resolve);
    return promise;
  };
  const all = runInLanes(files, run, { signal: stop.signal, idle: () => share, lookMs: 1 });
  const end = async (file: string) => {
    running.get(file)?.();
    running.delete(file);
    await turn();
  };
  return { all, begun, running, stop, end };
}

test('dear files go first, two at a time, and light ones beside them where the processor has room', async () => {
  const { all, begun, running, end } = lanes({ dear: ['a', 'b', 'c'], light: ['x', 'y', 'z'] }, 0.6);
  await until(() => running.size === 3, 'nothing was run beside the two');
  assert.deepEqual(begun, ['a', 'b', 'x']);
  await end('x');
  await until(() => begun.includes('y'), 'not the next one');
  await end('a');
  await until(() => begun.includes('c'), 'the dear one did not go first');
  assert.deepEqual(begun, ['a', 'b', 'x', 'y', 'c']);
  for (const file of ['b', 'c', 'y']) await end(file);
  await until(() => begun.includes('z'), 'one was left');
  await end('z');
  await all;
  assert.deepEqual(begun.toSorted(), ['a', 'b', 'c', 'x', 'y', 'z']);
});

test('where it has none there are two, and a stop begins nothing more', async () => {
  const { all, begun, running, stop, end } = lanes({ dear: ['a'], light: ['x', 'y', 'z'] }, 0.3);
  assert.deepEqual(begun, ['a', 'x']);
  await end('x');
  await until(() => begun.includes('y'), 'not the next one');
  assert.equal(running.size, 2);
  stop.abort();
  for (const file of ['a', 'y']) await end(file);
  await all;
  assert.deepEqual(begun, ['a', 'x', 'y']);
});

test('what was left over of the processor is a share of it, also where no time has passed', () => {
  const idle = watchProcessor();
  for (const share of [idle(), idle()]) assert.ok(share >= 0 && share <= 1, String(share));
});
