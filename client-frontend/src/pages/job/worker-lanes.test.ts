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

test('bars keep their place while their chunks change', () => {
  const first = nextLanes([], [bar('b', 1), bar('a', 0), bar('b', 2)]);
  assert.deepEqual(seen(first), [
    ['Worker a', 0],
    ['Worker b', 1],
    ['Worker b, slot 2', 2],
  ]);
  const second = nextLanes(first, [bar('b', 3), bar('b', 2)]);
  assert.deepEqual(seen(second), [
    ['Worker a', null],
    ['Worker b', 3],
    ['Worker b, slot 2', 2],
  ]);
});
