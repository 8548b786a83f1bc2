import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';

const FIRST_MS = 5_000;
const LONGEST_MS = 300_000;
/** After so long without another fault, the job starts afresh. */
const FORGIVEN_MS = 3_600_000;

/**
 * Jobs whose rows cannot be worked with. They are not read for a while, longer
 * each time, so that all others go on: 5 s, 10 s, and so on up to 5 minutes.
 */
export class Quarantine {
  readonly #jobs = new Map<JobId, { until: number; times: number }>();
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  holds(job: JobId): boolean {
    return (this.#jobs.get(job)?.until ?? 0) > this.#clock();
  }

  add(job: JobId, reason: { err: unknown } | { stage: string; issue: string }): void {
    if (this.holds(job)) return;
    const now = this.#clock();
    for (const [id, { until }] of this.#jobs) if (until + FORGIVEN_MS < now) this.#jobs.delete(id);
    const times = (this.#jobs.get(job)?.times ?? 0) + 1;
    const forMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (times - 1));
    this.#jobs.set(job, { until: now + forMs, times });
    this.#log.error(
      { event: 'job.quarantined', job, forMs, ...reason },
      'A job is left out for a while: its rows cannot be worked with. All others go on',
    );
  }
}
