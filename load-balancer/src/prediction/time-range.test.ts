import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '../../tests/support/seeded-random.ts';
import { RangeCorrection } from './time-range.ts';

const RANGE = { early: 90_000, middle: 100_000, late: 112_000 };

test('a range stays about as it is while nothing speaks against it', () => {
  const { early, middle, late } = new RangeCorrection().corrected(RANGE);
  assert.ok(Math.abs(early - 90_000) < 2_000 && Math.abs(middle - 100_000) < 2_000, `${early} ${middle}`);
  assert.ok(Math.abs(late - 112_000) < 2_000, String(late));
});

test('where work takes twice as long as was thought, and scatters more, eight of ten ends come to lie within what is told', () => {
  const random = mulberry32(1);
  const correction = new RangeCorrection();
  let inside = 0;
  for (let job = 0; job < 1_000; job += 1) {
    const took = 200_000 * Math.exp(random() - 0.5);
    const told = correction.corrected(RANGE);
    if (job >= 200 && told.early <= took && took <= told.late) inside += 1;
    correction.add(RANGE, told, took);
  }
  assert.ok(inside > 0.75 * 800 && inside < 0.85 * 800, `${inside} of 800`);
});

test('what is not over yet counts as longer than it has taken, and no more once it has come to its end', () => {
  const correction = new RangeCorrection();
  for (let job = 0; job < 200; job += 1) correction.add(RANGE, RANGE, 90_000 + 110 * job);
  const before = correction.corrected(RANGE);
  // A third of all are far beyond what was told, and nobody knows how far they will come.
  correction.setWaiting(Array.from({ length: 100 }, () => ({ range: RANGE, ms: 111_000 })));
  const waiting = correction.corrected(RANGE);
  assert.ok(waiting.late > before.late, `${waiting.late} after ${before.late}`);
  assert.ok(waiting.middle > before.middle, `${waiting.middle} after ${before.middle}`);
  // Of what was foreseen just now nothing is known.
  correction.setWaiting(Array.from({ length: 100 }, () => ({ range: RANGE, ms: 0 })));
  assert.deepEqual(correction.corrected(RANGE), before);
});
