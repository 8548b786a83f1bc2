/**
 * How fast a worker is, as the logarithm of the work it does in a
 * millisecond, and how far that may be off (variance). Speeds are relative:
 * what counts is the quotient of two.
 */
export type Pace = {
  log: number;
  variance: number;
  /** How far signs went beyond what scatter explains of late, in standard deviations: below what was expected, and above. */
  below: number;
  above: number;
};

/**
 * What one chunk, or a part of one, says: the logarithm of the speed it went with, how far that may be off (variance),
 * and how heavy the tails of its stage are (`ChunkWork.excess`).
 */
export type Sign = { log: number; variance: number; excess: number };

/** Before anything is known a worker may well be three times as fast as another, or as slow. */
const UNKNOWN = 1;
/** Machines get warm, and others use them: even of a well-known one each chunk tells something new. */
const DRIFT = 0.005;
/** What scatter may add up to, in excesses, and what of each sign is put down to it, in standard deviations. */
const [RARE, SLACK] = [10, 0.5];
/** From here on it may as well be the worker as the chunk. */
const SUSPICIOUS = 3;
const LIMIT = Math.log(1_000);

export const unknownPace = (speed = 1): Pace => ({
  log: Math.log(speed),
  variance: UNKNOWN,
  below: 0,
  above: 0,
});

/**
 * The pace after a sign, by Kalman's filter in one dimension (gain P / (P + R)
 * for a variance P of what was known and R of the sign). It would follow a
 * worker that has become slow too late: one sign that is far off, or several
 * that are off to the same side, say that it has changed, and what was known
 * counts for little then (Page's cumulative sums, Biometrika 1954). Short of
 * that, a sign that is far off counts for no more than where tails are
 * exponential: a few chunks of many are far larger than the others.
 */
export function corrected(pace: Pace, sign: Sign): Pace {
  const off = sign.log - pace.log;
  const { below, above, changed } = sumsAfter(pace, sign);
  const known = changed ? Math.max(pace.variance, off * off) : pace.variance;
  const gain = known / (known + sign.variance);
  const most = changed ? LIMIT : known / Math.sqrt(sign.variance);
  const by = Math.max(-most, Math.min(most, gain * off));
  return {
    log: Math.max(-LIMIT, Math.min(LIMIT, pace.log + by)),
    variance: (1 - gain) * known + DRIFT,
    below: changed ? 0 : below,
    above: changed ? 0 : above,
  };
}

/** Whether the sign says that the worker is no longer as fast as it was. */
export const isChange = (pace: Pace, sign: Sign): boolean => sumsAfter(pace, sign).changed;

/** Whether the worker may have become slower: what was seen may as well be a large chunk. */
export const mayBeSlower = (pace: Pace, sign: Sign): boolean => sumsAfter(pace, sign).below > SUSPICIOUS;

function sumsAfter(pace: Pace, sign: Sign): Pick<Pace, 'below' | 'above'> & { changed: boolean } {
  const standard = (sign.log - pace.log) / Math.sqrt(pace.variance + sign.variance);
  const below = Math.max(0, pace.below - standard - SLACK);
  const above = Math.max(0, pace.above + standard - SLACK);
  return { below, above, changed: Math.max(below, above) > RARE * sign.excess };
}

export const speedOf = (pace: Pace): number => Math.exp(pace.log);
