import { createHash } from 'node:crypto';

/** A bijection of [0, size). */
export type Permutation = (index: number) => number;

/** More rows than these have no place in 32 bits. */
export const MOST_PLACES = 2 ** 32;
const ROUNDS = 8;

/**
 * A pseudo-random order of `size` places that needs no table: a balanced
 * Feistel network (Luby and Rackoff, 1988) over the next even power of two,
 * walked along until it is back among the places ("cycle walking": Black and
 * Rogaway, Ciphers with Arbitrary Finite Domains, CT-RSA 2002). Below four
 * walks on average. Good for shuffling, not for secrets. Equal keys give equal
 * orders.
 */
export function createPermutation(size: number, key: string): Permutation {
  if (!Number.isInteger(size) || size < 0 || size > MOST_PLACES)
    throw new RangeError(`no order of ${size} places`);
  const digest = createHash('sha256').update(key).digest();
  const keys = Array.from({ length: ROUNDS }, (_, round) => digest.readUInt32LE(round * 4));
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
  const mask = 2 ** half - 1;
  const encrypt = (index: number): number => {
    let left = index >>> half;
    let right = index & mask;
    for (const roundKey of keys) {
      const next = left ^ (mix(right ^ roundKey) & mask);
      left = right;
      right = next;
    }
    return ((left << half) | right) >>> 0;
  };
  return (index) => {
    let place = encrypt(index);
    while (place >= size) place = encrypt(place);
    return place;
  };
}

/** The finalizer of MurmurHash3 (Appleby): every bit of the word depends on all of them. */
function mix(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
