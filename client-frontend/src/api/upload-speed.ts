/** Bytes sent so far at a moment in ms. */
export type Sample = { at: number; sent: number };

const WINDOW_MS = 5_000;

/** The samples of the last five seconds with a new one added; the oldest kept one may be a little older. */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const recent = samples.findIndex((one) => one.at >= sample.at - WINDOW_MS);
  return [...samples.slice(Math.max(0, recent === -1 ? samples.length - 1 : recent - 1)), sample];
}

/** Bytes per second over the samples; null until half a second is covered. */
export function speedOf(samples: readonly Sample[]): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < 500) return null;
  return ((last.sent - first.sent) * 1_000) / (last.at - first.at);
}
