import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { WaitReason } from '@parallel-pilot/shared/model/wait-reason.ts';
import { MOST_ASKED, type WaitReasons } from '@parallel-pilot/shared/protocol/control.ts';

/** However many look at a job, the balancer is asked for it once in this time. */
const FRESH_MS = 1_000;
const MOST_KEPT = 10_000;

type Ask = (jobs: JobId[]) => Promise<WaitReasons['reasons'] | null>;

/** Why jobs wait, as the balancer said a moment ago. */
export function rememberReasons(ask: Ask, now: () => number = () => performance.now()) {
  const known = new Map<JobId, { at: number; reason: WaitReason | null }>();
  return {
    /** Of those that wait; null where an answer was needed and did not come. */
    async of(jobs: readonly JobId[]): Promise<ReadonlyMap<JobId, WaitReason> | null> {
      if (known.size > MOST_KEPT) known.clear();
      const stale = jobs.filter(
        (job) => now() - (known.get(job)?.at ?? Number.NEGATIVE_INFINITY) >= FRESH_MS,
      );
      for (let from = 0; from < stale.length; from += MOST_ASKED) {
        const some = stale.slice(from, from + MOST_ASKED);
        const reasons = await ask(some);
        if (reasons === null) return null;
        const told = new Map(reasons.map(({ job, reason }) => [job, reason]));
        for (const job of some) known.set(job, { at: now(), reason: told.get(job) ?? null });
      }
      return new Map(
        jobs.flatMap((job) => {
          const reason = known.get(job)?.reason ?? null;
          return reason === null ? [] : [[job, reason] as const];
        }),
      );
    },
  };
}
