import type { Clock } from './clock.ts';

/** Counts wrong secrets by peer: after `most` within a minute, a peer has used its attempts up until the minute ends. */
export interface Attempts {
  exhausted(peer: string): boolean;
  /** Counts one, and says which of its minute it was. */
  failed(peer: string): number;
  /** Takes one back that was counted before its outcome was known, and was right. */
  takeBack(peer: string): void;
}

export const MOST_ATTEMPTS = 10;
const WINDOW_MS = 60_000;
const MOST_PEERS = 1_000;

export function countAttempts(
  clock: Clock,
  { most = MOST_ATTEMPTS, windowMs = WINDOW_MS, peers = MOST_PEERS } = {},
): Attempts {
  const windows = new Map<string, { failures: number; endsAt: number }>();
  const current = (peer: string) => {
    const window = windows.get(peer);
    return window !== undefined && window.endsAt > clock() ? window : undefined;
  };
  return {
    exhausted: (peer) => (current(peer)?.failures ?? 0) >= most,
    failed(peer) {
      const window = current(peer) ?? { failures: 0, endsAt: clock() + windowMs };
      window.failures += 1;
      windows.delete(peer);
      windows.set(peer, window);
      // Someone with many addresses must not fill the memory; the longest silent one is forgotten.
      if (windows.size > peers) windows.delete(windows.keys().next().value ?? '');
      return window.failures;
    },
    takeBack(peer) {
      const window = current(peer);
      if (window !== undefined) window.failures = Math.max(0, window.failures - 1);
    },
  };
}
