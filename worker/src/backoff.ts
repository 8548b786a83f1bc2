import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds to wait after so many failures in a row: doubled each time up to `most`, spread by chance over its upper half. */
export function backoffMs(failures: number, random: () => number, first = 200, most = 10_000): number {
  const full = Math.min(most, first * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return full * (0.5 + random() / 2);
}

/** Waits so long; false when the signal ended the wait. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
