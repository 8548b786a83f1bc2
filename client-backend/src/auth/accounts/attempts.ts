import { countAttempts } from '@parallel-pilot/shared/server/attempts.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';

/** Who tries: from where (an address as it is counted), on which account, and a browser known to have signed in to it. */
export type Trier = { peer: string; account: string | null; device: string | null };

export type Attempt =
  | { ok: true; delayMs: number; right(): void }
  | { ok: false; why: 'address' | 'account'; retrySeconds: number };

/** Wrong passwords on one account from unknown browsers, in an hour, until further ones have to wait in line. */
const UNHURRIED = 20;
const STEP_MS = 1_000;
const MOST_WAIT_MS = 5_000;

/**
 * Decides about a guess before anything is computed for it. A guess counts as wrong until it was right, so that many at
 * once are no way around the limits.
 *
 * Nobody can be locked out by another's guesses: a browser that has signed in to the account before is counted by itself
 * alone (OWASP's device cookies). Any other is counted by its address. Of those, an account that is guessed at from many
 * addresses takes one a second, whichever they come from.
 */
export function createAttempts(clock: Clock): { begin(trier: Trier): Attempt } {
  const addresses = countAttempts(clock);
  const devices = countAttempts(clock);
  const accounts = countAttempts(clock, { most: UNHURRIED, windowMs: 60 * 60_000, peers: 10_000 });
  const line = new Map<string, number>();

  /** How long to wait for one's turn at the account; undefined where too many wait already. */
  const turnAt = (account: string): number | undefined => {
    if (!accounts.exhausted(account)) return 0;
    const now = clock();
    for (const [one, at] of line) if (at < now) line.delete(one);
    const wait = Math.max(0, (line.get(account) ?? 0) - now);
    if (wait > MOST_WAIT_MS) return undefined;
    line.set(account, now + wait + STEP_MS);
    return wait;
  };

  return {
    begin({ peer, account, device }) {
      if (device !== null && !devices.exhausted(device)) {
        devices.failed(device);
        return { ok: true, delayMs: 0, right: () => devices.takeBack(device) };
      }
      if (addresses.exhausted(peer)) return { ok: false, why: 'address', retrySeconds: 60 };
      const delayMs = account === null ? 0 : turnAt(account);
      if (delayMs === undefined) return { ok: false, why: 'account', retrySeconds: 10 };
      addresses.failed(peer);
      if (account !== null) accounts.failed(account);
      const right = () => {
        addresses.takeBack(peer);
        if (account !== null) accounts.takeBack(account);
      };
      return { ok: true, delayMs, right };
    },
  };
}
