import { SCOPES, scopesOf } from '@parallel-pilot/shared/access/principal.ts';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import { findKey, insertKey, noteKeyUsed } from '@parallel-pilot/shared/server/db/keys.ts';
import { peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Parts } from '../parts.ts';
import type { Identification, Refusal } from './request.ts';

type KeyParts = Pick<Parts, 'db' | 'clock' | 'log'>;
type FoundKey = NonNullable<Awaited<ReturnType<typeof findKey>>>;

/** When a key was last used is written so often at most. */
const NOTED_EVERY_MS = 60_000;

/**
 * Proves keys of people and machines. After too many wrong ones from an
 * address, all its keys are refused for the rest of the minute, also a right
 * one; other addresses, and those signed in, do not notice.
 */
export function createKeys({ db, clock, log }: KeyParts) {
  const attempts = countAttempts(clock);
  const stale = countAttempts(clock);
  return {
    async prove(key: string, address: string): Promise<Identification> {
      const peer = peerOf(address);
      if (attempts.exhausted(peer)) return TOO_MANY;
      const found = await findKey(db, sha256(key));
      const now = clock();
      const principal = found === undefined ? WRONG_KEY : principalOfKey(found, now);
      if (principal.ok) {
        if (found !== undefined && (found.last_used_at ?? 0) < now - NOTED_EVERY_MS)
          await noteKeyUsed(db, found.id, now);
        return principal;
      }
      // A key that was good once is no guess: a script that still has one keeps nobody else out at its address.
      const attempt = found === undefined ? attempts.failed(peer) : 0;
      if (found === undefined || stale.failed(found.id) <= MOST_ATTEMPTS)
        log.warn({ event: 'access.refused', code: principal.code, address, attempt });
      if (attempt === MOST_ATTEMPTS) log.warn({ event: 'access.blocked', address });
      return principal;
    },
  };
}

/**
 * The key of a farm that had one owner: it stays good, as a key of the farm's first person, until that is revoked. A
 * revoked one keeps its row, so that it does not come back.
 */
export const adoptOwnerKey = (
  { db, clock, random }: Pick<Parts, 'db' | 'clock' | 'random'>,
  first: Parts['first'],
  hash: string,
): Promise<void> =>
  insertKey(db, {
    id: newId('key', random),
    hash,
    person_id: first.person,
    team_id: first.team,
    name: "Owner's key",
    scopes: SCOPES.join(','),
    created_at: clock(),
    expires_at: null,
  });

/** What the holder of a key is, while it is good and its person may come in. */
export function principalOfKey(key: FoundKey, now: number): Identification {
  if (key.revoked_at !== null || key.banned_at !== null) return WRONG_KEY;
  if (key.expires_at !== null && key.expires_at <= now) return EXPIRED;
  return {
    ok: true,
    principal: {
      person: key.person_id,
      team: key.team_id,
      teamRole: key.teamRole,
      farmRole: key.role,
      scopes: scopesOf(key.scopes),
      proof: { type: 'key', id: key.id },
      impersonator: null,
    },
  };
}

const no = (status: 401 | 429, code: string, message: string): Refusal => ({
  ok: false,
  status,
  code,
  message,
});

const WRONG_KEY = no(401, 'wrong-key', 'This is no key of this farm, or it was revoked.');
const EXPIRED = no(401, 'key-expired', 'This key has ended. Make a new one on the page of your account.');
const TOO_MANY = no(429, 'too-many-attempts', 'Too many wrong keys came from this address. Wait a minute.');
