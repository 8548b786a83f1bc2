/** A child that lived this long had started well; its death begins a new count. */
export const STEADY_AFTER_MS = 20_000;
const DELAYS_MS = [0, 1_000, 3_000, 8_000];

export type RestartDecision = { delayMs: number | 'seldom'; quickDeaths: number };

/**
 * What to do about a child that died by itself: start it again at once the
 * first time, later and later after quick deaths in a row, and from the fifth
 * on only seldom.
 */
export function decideRestart(quickDeathsBefore: number, livedMs: number): RestartDecision {
  const quickDeaths = livedMs >= STEADY_AFTER_MS ? 1 : quickDeathsBefore + 1;
  return { delayMs: DELAYS_MS[quickDeaths - 1] ?? 'seldom', quickDeaths };
}
