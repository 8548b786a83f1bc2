import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etaSeconds } from './eta.ts';

/** `count` chunks of `ms` on each of `workers` machines at once, finished one after the other. */
const measured = (count: number, ms: number, workers: number) =>
  Array.from({ length: count }, (_, i) => {
    const round = Math.floor(i / workers);
    return { started_at: 1_000_000 + round * ms, finished_at: 1_000_000 + (round + 1) * ms };
  });

test('nothing measured, nothing promised', () => {
  assert.equal(etaSeconds({ queued: 10, running: 2 }, []), null);
  assert.equal(etaSeconds({ queued: 10 }, [{ started_at: null, finished_at: 5 }]), null);
});

test('remaining chunks x their time / how many run at once', () => {
  assert.equal(etaSeconds({ queued: 9, running: 2 }, measured(20, 2_000, 2)), 10);
  assert.equal(etaSeconds({ queued: 10 }, measured(10, 3_000, 1)), 30);
});

test('between two short chunks nothing runs for a moment, and the estimate does not jump', () => {
  const recent = measured(40, 100, 4);
  const [busy, idle] = [{ queued: 98, running: 4 }, { queued: 100 }].map((counts) =>
    etaSeconds(counts, recent),
  );
  assert.ok(busy !== null && busy !== undefined && idle !== null && idle !== undefined);
  assert.ok(Math.abs(busy - idle) < 0.1, `${busy} and ${idle}`);
});

test('a worker that has just joined counts before its first chunk is done', () => {
  const recent = measured(10, 2_000, 1);
  assert.equal(etaSeconds({ queued: 8, running: 4 }, recent), 5);
});

test('one chunk at no time at all gives zero, not NaN', () => {
  assert.equal(etaSeconds({ queued: 5 }, [{ started_at: 7, finished_at: 7 }]), 0);
  assert.equal(etaSeconds({}, measured(4, 100, 1)), 0);
});
