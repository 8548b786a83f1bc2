import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { MOST_ASKED } from '@parallel-pilot/shared/protocol/control.ts';

/** However many look at a job, the balancer is asked for it once in this time. */
const FRESH_MS = 1_000;
const MOST_KEPT = 10_000;

/** What there is to say of some of the jobs; null where no answer came. */
type Ask<Answer> = (jobs: JobId[]) => Promise<ReadonlyMap<JobId, Answer> | null>;

/** What the balancer said of jobs a moment ago. */
export function rememberAnswers<Answer>(ask: Ask<Answer>, now: () => number = () => performance.now()) {
  const known = new Map<JobId, { at: number; answer: Answer | null }>();
  return {
    /** Of those of which something was said; null where an answer was needed and did not come. */
    async of(jobs: readonly JobId[]): Promise<ReadonlyMap<JobId, Answer> | null> {
      if (known.size > MOST_KEPT) known.clear();
      const stale = jobs.filter(
        (job) => now() - (known.get(job)?.at ?? Number.NEGATIVE_INFINITY) >= FRESH_MS,
      );
      for (let from = 0; from < stale.length; from += MOST_ASKED) {
        const some = stale.slice(from, from + MOST_ASKED);
        const told = await ask(some);
        if (told === null) return null;
        for (const job of some) known.set(job, { at: now(), answer: told.get(job) ?? null });
      }
      return new Map(
        jobs.flatMap((job) => {
          const answer = known.get(job)?.answer ?? null;
          return answer === null ? [] : [[job, answer] as const];
        }),
      );
    },
  };
}
