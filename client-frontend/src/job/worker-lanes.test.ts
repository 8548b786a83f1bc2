import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lane, laneLabel, nextLanes } from './worker-lanes.ts';

const bar = (name: string, ordinal: number) =>
  ({
    worker: name,
    workerName: name,
    ordinal,
    label: '',
    fraction: 0,
    detail: '',
  }) as unknown as Parameters<typeof nextLanes>[1][number];
const seen = (lanes: Lane[]) => lanes.map((lane) => [laneLabel(lane), lane.now?.ordinal ?? null]);

const two = () => 2;

test('bars keep their place while their chunks change', () => {
  const first = nextLanes([], [bar('b', 1), bar('a', 0), bar('b', 2)], two);
  assert.deepEqual(seen(first), [
    ['Worker a', 0],
    ['Worker b', 1],
    ['Worker b, slot 2', 2],
  ]);
  const second = nextLanes(first, [bar('b', 3), bar('b', 2)], two);
  assert.deepEqual(seen(second), [
    ['Worker a', null],
    ['Worker b', 3],
    ['Worker b, slot 2', 2],
  ]);
});

test('a worker has no more bars than slots: the newest chunk is shown', () => {
  const lanes = nextLanes([], [bar('a', 4), bar('a', 5)], () => 1);
  assert.deepEqual(seen(lanes), [['Worker a', 5]]);
  const next = nextLanes(lanes, [bar('a', 5), bar('a', 6)], () => 1);
  assert.deepEqual(seen(next), [['Worker a', 6]]);
  const done = { ...bar('a', 7), fraction: 1 };
  assert.deepEqual(seen(nextLanes(next, [bar('a', 6), done], () => 1)), [['Worker a', 6]]);
});
