import type { RandomBytes } from '../../../model/ids.ts';

/*
 * Shamir's secret sharing (How to Share a Secret, 1979) over a prime field: of `count` shares any `threshold` give the
 * secret, and fewer say nothing of it. See docs/decisions/0041 for why it is no library.
 */

/** Prime, and larger than any secret of 32 bytes. */
const PRIME = 2n ** 257n - 93n;
export const SECRET_BYTES = 32;
export const SHARE_BYTES = 33;
/** So that a number modulo the prime, of so many random bytes, is as good as uniform. */
const DRAWN_BYTES = 64;

/** `at`: where the polynomial was looked at, from 1. `value`: what it came to, SHARE_BYTES of hexadecimal digits. */
export type Share = { at: number; value: string };

/** Shares of a secret of SECRET_BYTES, one at each of these different whole numbers from 1. */
export function splitSecret(
  secret: Uint8Array,
  { at, threshold }: { at: readonly number[]; threshold: number },
  random: RandomBytes,
): Share[] {
  if (secret.length !== SECRET_BYTES) throw new RangeError(`a secret of ${secret.length} bytes`);
  if (threshold < 1 || threshold > at.length || new Set(at).size < at.length || at.some((x) => x < 1))
    throw new RangeError(`${threshold} of the shares at ${at.join(', ')}`);
  const others = Array.from({ length: threshold - 1 }, () => numberOf(random(DRAWN_BYTES)) % PRIME);
  const polynomial = [numberOf(secret), ...others];
  return at.map((x) => ({ at: x, value: hex(evaluate(polynomial, BigInt(x)), SHARE_BYTES) }));
}

/**
 * The secret of these shares, which are to be at least as many as the threshold, at different places; with fewer it is
 * any number. Null where what they come to is no secret: one of them is wrong.
 */
export const joinSecret = (shares: readonly Share[]): string | null =>
  joinerAt(shares.map(({ at }) => at))(shares.map(({ value }) => value));

/** The same for many secrets of which there are shares at the same places: most of the work is done once. */
export function joinerAt(places: readonly number[]): (values: readonly string[]) => string | null {
  // Lagrange's polynomials at zero.
  const factors = places.map((place) => {
    let [above, below] = [1n, 1n];
    for (const other of places) {
      if (other === place) continue;
      above = modulo(above * BigInt(other));
      below = modulo(below * BigInt(other - place));
    }
    return modulo(above * inverse(below));
  });
  return (values) => {
    const secret = values.reduce(
      (sum, value, at) => modulo(sum + BigInt(`0x${value}`) * (factors[at] ?? 0n)),
      0n,
    );
    return secret < 2n ** BigInt(8 * SECRET_BYTES) ? hex(secret, SECRET_BYTES) : null;
  };
}

const evaluate = (polynomial: readonly bigint[], x: bigint): bigint =>
  polynomial.reduceRight((sum, coefficient) => modulo(sum * x + coefficient), 0n);

const modulo = (value: bigint): bigint => ((value % PRIME) + PRIME) % PRIME;

/** By Euclid's extended algorithm. */
function inverse(value: bigint): bigint {
  let [a, b, x, y] = [modulo(value), PRIME, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b, x, y] = [b, a - quotient * b, y, x - quotient * y];
  }
  return modulo(x);
}

const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);

const hex = (value: bigint, bytes: number): string => value.toString(16).padStart(2 * bytes, '0');
