import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinSecret, SECRET_BYTES, type Share, splitSecret } from './shamir.ts';

/** Bytes that follow from a seed alone. */
function drawnFrom(seed: string) {
  let drawn = 0;
  return (count: number): Uint8Array => {
    drawn += 1;
    return createHash('shake256', { outputLength: count }).update(`${seed}:${drawn}`).digest();
  };
}

const secrets = fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES });
const cases = fc.record({
  secret: secrets,
  at: fc.uniqueArray(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 12 }),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.string(),
});
const thresholdOf = ({ at, part }: { at: number[]; part: number }) => 1 + Math.floor(part * (at.length - 1));

test('any shares that are as many as the threshold give the secret, and more do too', () => {
  fc.assert(
    fc.property(cases, fc.infiniteStream(fc.nat()), (one, order) => {
      const threshold = thresholdOf(one);
      const shares = splitSecret(one.secret, { at: one.at, threshold }, drawnFrom(one.seed));
      const shuffled = shares
        .map((share) => ({ share, place: order.next().value ?? 0 }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ share }) => share);
      for (const count of [threshold, shares.length])
        assert.equal(joinSecret(shuffled.slice(0, count)), Buffer.from(one.secret).toString('hex'));
    }),
    { numRuns: 60 },
  );
});

test('fewer fit every secret: for each there is a share that would give it', () => {
  const random = drawnFrom('fewer');
  const [told, other] = [random(SECRET_BYTES), random(SECRET_BYTES)];
  const [first, second] = splitSecret(told, { at: [1, 2, 3], threshold: 3 }, random) as [Share, Share];
  assert.notEqual(joinSecret([first, second]), Buffer.from(told).toString('hex'));
  // The polynomial of degree 2 through these two and the other secret at 0, by its value at 3: f(3) = f(0) - 3f(1) + 3f(2).
  const prime = 2n ** 257n - 93n;
  const [at1, at2] = [BigInt(`0x${first.value}`), BigInt(`0x${second.value}`)];
  const at0 = BigInt(`0x${Buffer.from(other).toString('hex')}`);
  const value = (((at0 - 3n * at1 + 3n * at2) % prime) + prime) % prime;
  const third = { at: 3, value: value.toString(16).padStart(66, '0') };
  assert.equal(joinSecret([first, second, third]), Buffer.from(other).toString('hex'));
});

test("the example of Shamir's paper in small: a line through two points, and a wrong share is mostly no secret", () => {
  const one = Buffer.alloc(SECRET_BYTES);
  one[SECRET_BYTES - 1] = 5;
  const slope = () => {
    const bytes = new Uint8Array(64);
    bytes[63] = 3;
    return bytes;
  };
  const shares = splitSecret(one, { at: [1, 2, 4], threshold: 2 }, slope);
  assert.deepEqual(
    shares.map(({ value }) => BigInt(`0x${value}`)),
    [8n, 11n, 17n],
  );
  const wrong = { at: 1, value: (2n ** 255n + 100n).toString(16).padStart(66, '0') };
  assert.equal(joinSecret([wrong, shares[1] as Share]), null);
  assert.throws(() => splitSecret(one, { at: [1, 1], threshold: 2 }, slope), RangeError);
  assert.throws(() => splitSecret(one, { at: [1], threshold: 2 }, slope), RangeError);
});
