import type { Scale } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';

/**
 * A change as whole numbers modulo 2^32, block after block: scaled down to the norm `clip` where its own is larger,
 * rounded, with noise of the scale's deviation. Rounding adds half a unit to a number at most, which is taken off the norm.
 */
export function quantiser(
  { scale, most, deviation }: Scale,
  { norm, clip, count }: { norm: number; clip: number; count: number },
  random: RandomBytes,
): (block: Float64Array) => Uint32Array {
  const within = Math.max(0, clip - Math.sqrt(count) / 2 / scale);
  const factor = scale * Math.min(1, within / Math.max(norm, Number.MIN_VALUE));
  return (block) => {
    const noise = deviation > 0 ? gaussians(block.length, random) : null;
    const numbers = new Uint32Array(block.length);
    for (let at = 0; at < block.length; at += 1) {
      const rounded = Math.round((block[at] as number) * factor) + Math.round(deviation * (noise?.[at] ?? 0));
      numbers[at] = Math.max(-most, Math.min(most, rounded));
    }
    return numbers;
  };
}

/** The sum of updates of `shards`, as changes again; null where it is more than they could come to. */
export function restored(
  block: Uint32Array,
  { scale, most, shards }: { scale: number; most: number; shards: number },
) {
  const values = Float64Array.from(new Int32Array(block.buffer, block.byteOffset, block.length));
  if (values.some((value) => Math.abs(value) > most * shards)) return null;
  return values.map((value) => value / scale);
}

/** Numbers of the standard normal distribution (Box and Muller, 1958). */
export function gaussians(count: number, random: RandomBytes): Float64Array {
  const pairs = Math.ceil(count / 2);
  const drawn = Uint8Array.from(random(16 * pairs));
  const words = new Uint32Array(drawn.buffer);
  // Of 53 bits, and above 0: with 32 there would be nothing beyond 6.7 deviations.
  const uniform = (at: number) =>
    (((words[at] as number) >>> 5) * 2 ** 26 + ((words[at + 1] as number) >>> 6) + 0.5) / 2 ** 53;
  const made = new Float64Array(2 * pairs);
  for (let pair = 0; pair < pairs; pair += 1) {
    const radius = Math.sqrt(-2 * Math.log(uniform(4 * pair)));
    const angle = 2 * Math.PI * uniform(4 * pair + 2);
    made[2 * pair] = radius * Math.cos(angle);
    made[2 * pair + 1] = radius * Math.sin(angle);
  }
  return made.subarray(0, count);
}
