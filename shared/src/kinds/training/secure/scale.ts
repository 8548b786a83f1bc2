/*
 * Updates as whole numbers modulo 2^32, which is what masks are added to. What of all shards may come to is 2^28 at
 * most: nothing overflows, and a sum that wrong secrets were used for is found beyond that.
 */

const MOST_OF_SUM = 2 ** 28;
/** The noise of a shard may be so many of its standard deviations; more has a probability of 1e-15. */
const DEVIATIONS = 8;

type Asked = { clip: number; noise: number; shards: number; threshold: number };

/** `scale`: whole numbers that a change of 1 is. `most`: the largest of one shard. `deviation`: of its noise, as whole numbers. */
export type Scale = { scale: number; most: number; deviation: number };

/**
 * Each shard adds noise before it masks. That of as many as have to be in a sum comes to `noise` times `clip`, so each
 * adds its part of that, and the sum has so much at least.
 */
export function scaleOf({ clip, noise, shards, threshold }: Asked): Scale {
  const deviation = (noise * clip) / Math.sqrt(threshold);
  const most = Math.floor(MOST_OF_SUM / shards);
  const scale = most / (clip + DEVIATIONS * deviation);
  return { scale, most, deviation: deviation * scale };
}

/** Shards without which no sum is told: more than half, so that no two parts of them could be asked for different things. */
export const thresholdOf = (shards: number): number => Math.floor(shards / 2) + 1;
