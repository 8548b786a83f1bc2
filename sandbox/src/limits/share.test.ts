import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Claim, memoryForJobs, memoryOfSlot } from './share.ts';

const GIB = 1024 ** 3;

test('some of every machine is kept for the farm itself, and most of it goes to jobs', () => {
  const inGib = (total: number) => memoryForJobs(total * GIB) / GIB;
  assert.deepEqual([2, 4, 8, 40, 200].map(inGib), [1.5, 3, 7, 36, 192]);
});

test('slots of all workers of a host share evenly what nobody laid claim to', () => {
  const even = (slots: number): Claim => ({ slots, memoryBytes: null });
  assert.equal(memoryOfSlot(even(1), [], 24 * GIB), 24 * GIB);
  assert.equal(memoryOfSlot(even(2), [even(1), even(1)], 24 * GIB), 6 * GIB);
  const chosen = { slots: 2, memoryBytes: 16 * GIB };
  assert.equal(memoryOfSlot(chosen, [even(3)], 24 * GIB), 8 * GIB);
  assert.equal(memoryOfSlot(even(4), [chosen], 24 * GIB), 2 * GIB);
});

const claim = fc.record({
  slots: fc.integer({ min: 1, max: 64 }),
  memoryBytes: fc.option(fc.integer({ min: GIB, max: 8 * GIB })),
});

test('all slots together never have more than there is, as long as there is enough to start a program', () => {
  fc.assert(
    fc.property(
      fc.array(claim, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 128, max: 2_048 }),
      (claims, gib) => {
        const slots = claims.flatMap((own, at) => {
          const others = claims.filter((_, index) => index !== at);
          return Array<number>(own.slots).fill(memoryOfSlot(own, others, gib * GIB));
        });
        const given = slots.reduce((sum, bytes) => sum + bytes, 0);
        const chosen = claims.reduce((sum, it) => sum + (it.memoryBytes ?? 0), 0);
        const least = 512 * 256 * 1024 ** 2;
        assert.ok(given <= Math.max(gib * GIB, chosen + least), `${given} of ${gib * GIB}`);
      },
    ),
  );
});
