import type { Lender } from '@parallel-pilot/shared/model/worker.ts';
import type { RefusalCode } from '@parallel-pilot/shared/protocol/refusals.ts';
import { HEARTBEAT_MS } from '@parallel-pilot/shared/protocol/version.ts';
import type { KnownWorker } from '@parallel-pilot/shared/server/db/workers.ts';
import type { Write } from '../farm/effects.ts';
import type { FarmEvent, TokenUses } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import { admitNewcomer } from '../farm/newcomers.ts';

type Hello = Extract<FarmEvent, { type: 'hello' }>;

/** As whose a worker comes in; and what its row and its token get, where it joins with one. */
export type Admission =
  | {
      ok: true;
      lender: Lender;
      joined: Extract<Write, { type: 'worker' }>['joined'];
      credential: string | null;
    }
  | { ok: false; code: RefusalCode };

/** Whether a worker may come in by what it brought. Counts a use of its token down. */
export function admit(farm: Farm, event: Hello, now: number): Admission {
  const { hello, known, pass } = event;
  const before = farm.workers.get(hello.worker);
  const identity = before?.identityHash || (known?.identity_hash ?? null);
  if (identity !== null && identity !== event.identityHash) return no('name-taken');
  if (pass.type === 'credential' && pass.worker !== hello.worker) return no('credential-of-another');
  if (isTwin(farm, event, now)) return no('credential-in-use');
  if (known?.standing === 'lender-gone' && pass.type !== 'join-token') return no('lender-gone');
  // The farm's own token brings back what was removed of the farm's own: that has no credential.
  if (known?.standing === 'removed' && known.credential_hash !== null) return no('worker-removed');
  const admission = byPass(event);
  if (!admission.ok) return admission;
  if (identity === null && !admitNewcomer(farm, event.address, now)) return no('too-many-workers');
  if (admission.joined?.takes && pass.type === 'join-token') countDown(pass.token);
  return admission;
}

// Those that come with it in the same round find one less.
function countDown(token: TokenUses | null): void {
  if (token !== null && token.usesLeft !== null) token.usesLeft -= 1;
}

const no = (code: RefusalCode): Admission => ({ ok: false, code });

/** The same worker over a new connection is let in; another process with its identity is not, while the first lives. */
function isTwin(farm: Farm, { hello, session }: Hello, now: number): boolean {
  const before = farm.workers.get(hello.worker);
  if (before === undefined || before.session === null || before.session === session) return false;
  return before.instance !== hello.instance && now - before.lastHeartbeat < 2 * HEARTBEAT_MS;
}

function byPass(event: Hello): Admission {
  const { known, pass } = event;
  switch (pass.type) {
    case 'farm':
      return {
        ok: true,
        lender: known === null ? pass.lender : lenderOf(known),
        joined: null,
        credential: null,
      };
    case 'credential':
      if (known === null) return no('worker-removed');
      return { ok: true, lender: lenderOf(known), joined: null, credential: null };
    case 'join-token':
      return pass.token === null ? no('token-revoked') : byToken(known, pass.token, pass.fresh);
    default:
      return pass satisfies never;
  }
}

const lenderOf = ({ person_id, team_id, works_for }: KnownWorker): Lender => ({
  person: person_id,
  team: team_id,
  worksFor: works_for,
});

/** One that joined with this token and comes with it again never got the answer: it costs no second use. */
function byToken(
  known: KnownWorker | null,
  token: TokenUses,
  { credential, hash }: { credential: string; hash: string },
): Admission {
  const again = known !== null && known.join_token_id === token.id;
  if (!again && token.usesLeft === 0) return no('token-used-up');
  const lender = again ? lenderOf(known) : token.lender;
  const joined = { token: token.id, credentialHash: hash, takes: !again };
  return { ok: true, lender, joined, credential };
}
