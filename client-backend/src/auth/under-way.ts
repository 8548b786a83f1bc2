import { AsyncLocalStorage } from 'node:async_hooks';
import { may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Need } from './needs.ts';
import type { AccessRequest, Identification } from './request.ts';

/** A request that is being answered, by whom it was asked, and what ends it. */
export type Asked = { request: AccessRequest; principal: Principal; need: Need | null; end(): void };

/**
 * Requests that are under way, some for hours: an upload, a download, a body that comes by drops. None goes on once
 * whoever asked may no longer ask for it.
 */
export interface UnderWay {
  /** Answers the request. `done` is called with what is to be called once all of the answer was sent. */
  answer(asked: Asked, answer: () => Promise<void>, onDone: (done: () => void) => void): Promise<void>;
  /** Ends what may no longer be: call it once something was revoked. The request that revoked it gets its answer. */
  recheck(): void;
}

export function createUnderWay(
  identify: (request: AccessRequest) => Promise<Identification>,
  log: Log,
): UnderWay {
  const all = new Set<Asked>();
  const current = new AsyncLocalStorage<Asked>();
  const mayGoOn = async ({ request, principal: before, need }: Asked): Promise<boolean> => {
    const now = await identify(request);
    if (!now.ok) return false;
    const { person, team, impersonator } = now.principal;
    return (
      person === before.person &&
      team === before.team &&
      impersonator === before.impersonator &&
      (need === null || need === 'open' || need === 'lease' || may(now.principal, need, true))
    );
  };
  return {
    answer(asked, answer, onDone) {
      all.add(asked);
      onDone(() => all.delete(asked));
      return current.run(asked, answer);
    },
    recheck() {
      const asking = current.getStore();
      for (const asked of all) {
        if (asked === asking) continue;
        mayGoOn(asked).then(
          (goesOn) => goesOn || asked.end(),
          // With the database away nothing is known; it is asked again.
          (err) => log.warn({ event: 'access.not-rechecked', err }),
        );
      }
    },
  };
}
