import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownRounds, mergeCurves, shownNames, thinned, withLive } from './curve-points.ts';
import { addLive } from './live-points.ts';

const at = (...xs: number[]) => xs.map((x) => ({ x, values: { loss: x } }));
const xsOf = (points: readonly { x: number }[] | undefined) => points?.map((point) => point.x);

test('only the round under way and what came after it is asked for again', () => {
  assert.equal(knownRounds(undefined), 0);
  const lines = (merged: number[], shard: number[]) => ({
    names: ['loss'],
    lines: [
      { shard: null, points: at(...merged) },
      { shard: 0, points: at(...shard) },
    ],
  });
  assert.equal(knownRounds(lines([1, 2], [0.5, 2.5])), 2);
  assert.equal(knownRounds(lines([1], [0.5, 2])), 1);

  const before = lines([1], [0.5, 1, 1.5]);
  const after = knownRounds(before);
  const more = { names: ['loss', 'f1'], lines: [...lines([2], [1.5, 2]).lines, { shard: 1, points: at(2) }] };
  const merged = mergeCurves(before, after, more);
  assert.deepEqual(merged.names, ['loss', 'f1']);
  assert.deepEqual(
    merged.lines.map(({ shard, points }) => [shard, xsOf(points)]),
    [
      [null, [1, 2]],
      [0, [0.5, 1, 1.5, 2]],
      [1, [2]],
    ],
  );
});

test('a line that grows too long is thinned out, and ends where it ended', () => {
  const kept = thinned(at(...Array.from({ length: 1_001 }, (_, index) => index)), 500);
  assert.equal(kept.length, 251);
  assert.equal(kept.at(-1)?.x, 1_000);
});

test('live points go on where the curves end', () => {
  const progress = (fraction: number, values: Record<string, number> | undefined) =>
    [{ ordinal: 1, fraction, values }] as never;
  const values = { loss: 0.5, lr: 1 };
  let live = addLive(new Map(), { stage: 'train', round: 2, progress: progress(0.1, values) });
  live = addLive(live, { stage: 'train', round: 2, progress: progress(0.4, values) });
  assert.deepEqual(xsOf(live.get(1)), [1.1], 'the same report twice is one point');
  live = addLive(live, { stage: 'train', round: 2, progress: progress(0.4, { loss: 0.4 }) });
  live = addLive(live, { stage: 'train', round: 2, progress: progress(0.6, { loss: 0.3 }) });
  live = addLive(live, { stage: 'merge', round: 2, progress: progress(0.5, { loss: 9 }) });
  assert.deepEqual(xsOf(live.get(1)), [1.1, 1.4, 1.6]);

  const curves = { names: ['loss'], lines: [{ shard: 1, points: at(0.5, 1, 1.4) }] };
  assert.deepEqual(xsOf(withLive(curves, live).lines[0]?.points), [0.5, 1, 1.4, 1.6]);

  const again = addLive(live, { stage: 'train', round: 2, progress: progress(0.2, { loss: 1 }) });
  assert.deepEqual(xsOf(again.get(1)), [1.1, 1.2], 'another worker took the shard from its start');
  const later = addLive(live, { stage: 'train', round: 4, progress: [] });
  assert.equal(later.size, 0);
});

test('loss and accuracy come first', () => {
  assert.deepEqual(shownNames(['f1', 'accuracy', 'loss']), ['loss', 'accuracy', 'f1']);
});
