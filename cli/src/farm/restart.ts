/** A child that lived this long had started well; its death begins a new count. */
const STEADY_AFTER_MS = 20_000;
const DELAYS_MS = [0, 1_000, 3_000, 8_000, 15_000];

export type RestartDecision =
  | { action: 'restart'; delayMs: number; quickDeaths: number }
  | { action: 'give-up'; quickDeaths: number };

/**
 * What to do about a child that died by itself: at once the first time, later
 * and later after quick deaths in a row, and no more after the fifth.
 */
export function decideRestart(quickDeathsBefore: number, livedMs: number): RestartDecision {
  const quickDeaths = livedMs >= STEADY_AFTER_MS ? 1 : quickDeathsBefore + 1;
  const delayMs = DELAYS_MS[quickDeaths - 1];
  return delayMs === undefined || quickDeaths >= DELAYS_MS.length
    ? { action: 'give-up', quickDeaths }
    : { action: 'restart', delayMs, quickDeaths };
}
