import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lane, laneLabel, nextLanes, nextWaiting, shownChunk } from './worker-lanes.ts';

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
  const first = nextLanes([], [bar('b', 1), bar('a', 0), bar('b', 2)], two, 0);
  assert.deepEqual(seen(first), [
    ['Worker a', 0],
    ['Worker b', 1],
    ['Worker b, slot 2', 2],
  ]);
  const second = nextLanes(first, [bar('b', 3), bar('b', 2)], two, 0);
  assert.deepEqual(seen(second), [
    ['Worker a', null],
    ['Worker b', 3],
    ['Worker b, slot 2', 2],
  ]);
});

test('a worker has no more bars than slots: the newest chunk is shown', () => {
  const lanes = nextLanes([], [bar('a', 4), bar('a', 5)], () => 1, 0);
  assert.deepEqual(seen(lanes), [['Worker a', 5]]);
  const next = nextLanes(lanes, [bar('a', 5), bar('a', 6)], () => 1, 0);
  assert.deepEqual(seen(next), [['Worker a', 6]]);
  const done = { ...bar('a', 7), fraction: 1 };
  assert.deepEqual(seen(nextLanes(next, [bar('a', 6), done], () => 1, 0)), [['Worker a', 6]]);
});

test('a bar shows the chunk that ended, full, for a moment before its worker waits', () => {
  const at = { ...bar('a', 3), label: 'Round 14, shard 4', fraction: 0.7, values: { loss: 0.1 } };
  const busy = nextLanes([], [at], two, 0);
  const between = nextLanes(busy, [], two, 10_000);
  const still = nextLanes(between, [], two, 11_000);
  for (const lanes of [between, still]) {
    const [lane] = lanes;
    assert.ok(lane);
    const shown = shownChunk(lane, 11_499);
    assert.deepEqual([shown?.label, shown?.fraction, shown?.values], [at.label, 1, { loss: 0.1 }]);
    assert.equal(shownChunk(lane, 11_500), null);
  }
  assert.equal(nextWaiting(still, 11_000), 11_500);
  assert.equal(nextWaiting(still, 11_500), null);

  const again = nextLanes(still, [bar('a', 0)], two, 12_000);
  assert.deepEqual(
    again.map((lane) => shownChunk(lane, 99_000)?.ordinal),
    [0],
  );
  assert.equal(nextWaiting(again, 12_000), null);
  assert.equal(again[0]?.measures, true, 'the room for its values would come and go with each chunk');
});
