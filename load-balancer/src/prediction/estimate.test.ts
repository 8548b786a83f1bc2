import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterSeeing } from './estimate.ts';

const ms = fc.double({ min: 1, max: 1e9, noNaN: true });
const variance = fc.double({ min: 1e-4, max: 4, noNaN: true });

test('what comes of two estimates lies between them, and is surer than either', () => {
  fc.assert(
    fc.property(ms, variance, ms, variance, (a, doubtA, b, doubtB) => {
      const both = afterSeeing({ ms: a, variance: doubtA }, { ms: b, variance: doubtB });
      assert.ok(both.ms >= Math.min(a, b) * 0.999 && both.ms <= Math.max(a, b) * 1.001, String(both.ms));
      assert.ok(both.variance <= Math.min(doubtA, doubtB));
    }),
  );
});

test('a chunk that is seen to be far larger than all others is believed', () => {
  const { ms: found } = afterSeeing({ ms: 10_000, variance: 0.25 }, { ms: 1_000_000, variance: 0.05 });
  assert.ok(found > 900_000, String(found));
});
