/** Milliseconds on a worker of speed 1, or on a certain one, and the variance of their logarithm. */
export type Estimate = { ms: number; variance: number };

/**
 * What was expected and what is seen, each as far as it can be relied on. A few chunks of many take far longer than the
 * others, more often than a normal distribution has it: what is seen so far off is taken back towards what was expected
 * no further than where tails are exponential (the mean after a normal observation with a Laplace distribution before it).
 */
export function afterSeeing(expected: Estimate, seen: Estimate): Estimate {
  const all = expected.variance + seen.variance;
  const most = seen.variance / Math.sqrt(expected.variance);
  const back = (Math.log(seen.ms / expected.ms) * seen.variance) / all;
  return {
    ms: seen.ms * Math.exp(-Math.max(-most, Math.min(most, back))),
    variance: (expected.variance * seen.variance) / all,
  };
}
