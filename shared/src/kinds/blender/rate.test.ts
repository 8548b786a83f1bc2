import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rateOf, rateText } from './rate.ts';

test('rates are the fractions that they stand for', () => {
  // As Blender has them: fps / fps_base, the base a 32-bit float.
  const base = Math.fround(1.001);
  const cases: [number, string][] = [
    [24, '24'],
    [24 / base, '24000/1001'],
    [30 / base, '30000/1001'],
    [60 / base, '60000/1001'],
    [24 / 1.001, '24000/1001'],
    [23.976, '24000/1001'],
    [23.98, '24000/1001'],
    [29.97, '30000/1001'],
    [59.94, '60000/1001'],
    [12.5, '12500/1000'],
    [0.5, '500/1000'],
    [1_000, '1000'],
  ];
  for (const [fps, text] of cases) assert.equal(rateText(fps), text);
});

test('no rate is far from its number', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1_000, noNaN: true }), (fps) => {
      const { numerator, denominator } = rateOf(fps);
      assert.ok(Number.isInteger(numerator) && numerator > 0 && denominator > 0);
      assert.ok(Math.abs(numerator / denominator - fps) <= 0.01);
    }),
  );
});
