import type { Clock } from '@parallel-pilot/shared/server/clock.ts';

/** Counts wrong keys by address: after 10 within a minute, that address waits for the minute to end. */
export interface Attempts {
  exhausted(address: string): boolean;
  failed(address: string): void;
}

const MOST = 10;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 1_000;

export function countAttempts(clock: Clock): Attempts {
  const windows = new Map<string, { failures: number; endsAt: number }>();
  const current = (address: string) => {
    const window = windows.get(address);
    return window !== undefined && window.endsAt > clock() ? window : undefined;
  };
  return {
    exhausted: (address) => (current(address)?.failures ?? 0) >= MOST,
    failed(address) {
      const window = current(address) ?? { failures: 0, endsAt: clock() + WINDOW_MS };
      window.failures += 1;
      windows.delete(address);
      windows.set(address, window);
      // Someone with many addresses must not fill the memory; the longest silent one is forgotten.
      if (windows.size > MOST_ADDRESSES) windows.delete(windows.keys().next().value ?? '');
    },
  };
}
