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
    correction.add(RANGE, took);
  }
  assert.ok(inside > 0.75 * 800 && inside < 0.85 * 800, `${inside} of 800`);
});
