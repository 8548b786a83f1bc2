import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followed, projected } from './course.ts';
import { corrected, isChange, mayBeSlower, speedOf, unknownPace } from './pace.ts';

const [NORMAL, EXPONENTIAL] = [0.525, 1];
const sign = (speed: number, variance: number, excess = NORMAL) => ({
  log: Math.log(speed),
  variance,
  excess,
});

test('the speed of a worker is found within a few chunks, whatever it is', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 50, noNaN: true }), (speed) => {
      let pace = unknownPace();
      for (let chunk = 0; chunk < 5; chunk += 1) pace = corrected(pace, sign(speed, 0.05));
      assert.ok(Math.abs(Math.log(speedOf(pace) / speed)) < 0.2, `${speedOf(pace)} of ${speed}`);
    }),
  );
});

test('one odd chunk among uneven ones says little of a worker that is well known; one far beyond them says that it changed', () => {
  let pace = unknownPace();
  for (let chunk = 0; chunk < 50; chunk += 1) pace = corrected(pace, sign(4, 0.02));
  const uneven = corrected(pace, sign(4 / 2, 0.5));
  assert.ok(speedOf(uneven) > 3.8, String(speedOf(uneven)));
  const slowed = corrected(pace, sign(4 / 6, 0.02));
  assert.ok(speedOf(slowed) < 0.8, String(speedOf(slowed)));
});

test('one chunk of a kind that scatters widely does not make a worker slow, however large it is; many do', () => {
  let pace = unknownPace();
  for (let chunk = 0; chunk < 50; chunk += 1) pace = corrected(pace, sign(4, 0.4));
  const large = corrected(pace, sign(4 / 20, 0.4));
  assert.ok(speedOf(large) > 3.6, String(speedOf(large)));
  for (let chunk = 0; chunk < 6; chunk += 1) pace = corrected(pace, sign(4 / 10, 0.4));
  assert.ok(speedOf(pace) < 1, String(speedOf(pace)));
});

test('how far off a chunk must be before its worker has changed depends on how far those of its stage lie', () => {
  let pace = unknownPace();
  for (let chunk = 0; chunk < 50; chunk += 1) pace = corrected(pace, sign(4, 0.1));
  const off = 4 * Math.exp(-7 * Math.sqrt(0.1 + pace.variance));
  assert.equal(isChange(pace, sign(off, 0.1)), true);
  assert.equal(isChange(pace, sign(off, 0.1, EXPONENTIAL)), false);
  assert.equal(mayBeSlower(pace, sign(off, 0.1, EXPONENTIAL)), true);
  assert.equal(mayBeSlower(pace, sign(4, 0.1, EXPONENTIAL)), false);
});

test('what a running chunk will take is seen from how its fraction grows now, without what went by before', () => {
  let course: ReturnType<typeof followed>;
  // Three seconds of opening, four at full speed, and a tenth of that speed since.
  for (let at = 0; at <= 30_000; at += 500) {
    const fraction = at <= 3_000 ? 0 : at <= 7_000 ? (at - 3_000) / 8_000 : 0.5 + (at - 7_000) / 80_000;
    course = followed(course, fraction, at);
    if (at <= 3_000) assert.equal(course, undefined);
    if (course === undefined || at < 5_000) continue;
    const ms = projected(course, at)?.ms ?? 0;
    if (at <= 7_000) assert.ok(ms > 7_000 && ms < 9_000, `${ms} at ${at}`);
    if (at === 30_000) assert.ok(ms > 60_000, `${ms} at ${at}`);
  }
});
