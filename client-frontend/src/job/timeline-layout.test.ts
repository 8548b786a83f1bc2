import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOutTimeline, type Span, spansOf, timeMarks, workerSummary } from './timeline-layout.ts';

const span = (workerName: string, from: number, to: number | null, outcome: string | null = 'done') =>
  ({ worker: `wrk_${workerName}`, workerName, ordinal: from, label: '', from, to, outcome }) as Span;

test('a lane for each worker, more where it does several chunks at once', () => {
  const layout = layOutTimeline(
    [span('b10', 0, 5), span('b2', 0, 10), span('b2', 4, 8), span('b2', 10, null, null)],
    30,
  );
  assert.deepEqual(
    layout.lanes.map((lane) => [lane.name, lane.spans.length]),
    [
      ['b2', 2],
      ['b2', 1],
      ['b10', 1],
    ],
  );
  assert.deepEqual([layout.from, layout.to], [0, 30]);
});

test('a start a moment before the end of the last one stays in the lane', () => {
  const { lanes } = layOutTimeline(
    [span('a', 0, 2_000), span('a', 1_950, 4_000), span('a', 3_000, 5_000)],
    0,
  );
  assert.deepEqual(
    lanes.map((lane) => lane.spans.map(({ from }) => from)),
    [[0, 1_950], [3_000]],
  );
});

test('the work of another stage is left out', () => {
  const frame = { ...span('a', 0, 1), label: 'Frame 1' };
  const probe = { ...span('a', 0, 1), label: 'Reading the file' };
  assert.deepEqual(
    spansOf([probe, frame], (ordinal) => `Frame ${ordinal + 1}`),
    [frame],
  );
});

test('a worker is summed up over its lanes by what it finished', () => {
  const { lanes } = layOutTimeline(
    [span('a', 0, 10), span('a', 2, 6), span('a', 10, 12, 'failed'), span('a', 20, null, null)],
    30,
  );
  assert.deepEqual(workerSummary(lanes), [{ name: 'a', done: 2, medianMs: 10 }]);
});

test('marks are round and few', () => {
  assert.deepEqual(timeMarks(10_000, 5), [0, 2_000, 4_000, 6_000, 8_000, 10_000]);
  assert.ok(timeMarks(86_400_000 * 3, 8).length <= 9);
  assert.deepEqual(timeMarks(0, 5), [0]);
});
