import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkWork } from './chunk-work.ts';

const CHUNKS = 240;

test('frames that are smooth in time are predicted from their neighbours', () => {
  const truth = (ordinal: number) => 20_000 + 16_000 * Math.sin(ordinal / 40);
  const work = new ChunkWork(CHUNKS);
  for (let ordinal = 0; ordinal < CHUNKS; ordinal += 12) work.add(ordinal, truth(ordinal), 0);
  assert.ok(work.varies);
  for (let ordinal = 0; ordinal <= 228; ordinal += 1) {
    const off = Math.abs((work.of(ordinal) ?? 0) - truth(ordinal));
    assert.ok(off < 1_000, `frame ${ordinal} is ${off} ms off`);
  }
});

test('frames that have nothing to do with each other are predicted by their mean, and how far they scatter is known', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 16, max: 24, noNaN: true }), { minLength: 60, maxLength: CHUNKS }),
      (all) => {
        const work = new ChunkWork(all.length);
        for (const [ordinal, one] of all.entries()) work.add(ordinal, one, 0);
        const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
        // Neighbours may happen to be alike.
        if (!work.varies) assert.ok(Math.abs((work.of(0) ?? 0) - mean) < 1e-6);
        assert.ok(work.variance < 0.1);
      },
    ),
    { numRuns: 50 },
  );
});

test('a job of a million chunks costs no more memory than one of 256, and is predicted by the sections it has', () => {
  const work = new ChunkWork(1_000_000);
  assert.equal(work.of(5), null);
  for (let ordinal = 0; ordinal < 1_000_000; ordinal += 10_000) work.add(ordinal, 1 + ordinal, 0);
  assert.ok(work.varies);
  const middle = work.of(500_000) ?? 0;
  assert.ok(middle > 400_000 && middle < 600_000, String(middle));
});

test('how heavy the tails of the chunks are is seen: hardly more than of a normal distribution where they are even, far more where some are huge', () => {
  const [even, heavy] = [new ChunkWork(CHUNKS), new ChunkWork(CHUNKS)];
  for (let ordinal = 0; ordinal < CHUNKS; ordinal += 1) {
    const part = ((ordinal * 37) % CHUNKS) / CHUNKS;
    even.add(ordinal, 16_000 + 8_000 * part, 0);
    heavy.add(ordinal, 7_000 * (1 - part) ** (-1 / 1.5), 0);
  }
  assert.ok(even.excess < 0.6, String(even.excess));
  assert.ok(heavy.excess > 0.75, String(heavy.excess));
});
