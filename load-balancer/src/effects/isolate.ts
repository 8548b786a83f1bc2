import type { Effect } from '../farm/effects.ts';
import type { Farm } from '../farm/farm.ts';
import { conflictingJobs } from './conflicting-jobs.ts';
import type { EngineParts } from './engine-parts.ts';
import { HandlerError, refusalOf } from './handler-error.ts';
import type { Inbound } from './inbound.ts';
import { Conflict } from './write-batch.ts';

type Parts = Pick<EngineParts, 'db' | 'wire' | 'quarantine'>;

/**
 * Finds what a fault lies with that a fresh look at the database did not cure:
 * a job, which goes into quarantine, or events, which are refused and given
 * back to be dropped. `farm` and `effects` are of the attempt that failed.
 */
export async function isolate(
  error: unknown,
  { farm, effects }: { farm: Farm; effects: readonly Effect[] },
  { db, wire, quarantine }: Parts,
): Promise<Inbound[]> {
  if (error instanceof Conflict) {
    // With the database away nothing is found out, and the next attempt fails the same way.
    const jobs = await conflictingJobs(db, farm, effects).catch(() => []);
    for (const job of jobs) quarantine.add(job, { err: error });
  }
  if (!(error instanceof HandlerError)) return [];
  if (error.job !== null) {
    quarantine.add(error.job, { err: error });
    return [];
  }
  for (const event of error.from) refuse(event, wire);
  return error.from;
}

/** Without what is asked for a job in quarantine, which is refused. */
export function refuseQuarantined(batch: Inbound[], { quarantine, wire }: Parts): Inbound[] {
  return batch.filter((event) => {
    const job = event.type === 'retry' ? event.job : event.type === 'reject' ? event.reject.job : null;
    if (job === null || !quarantine.holds(job)) return true;
    refuse(event, wire);
    return false;
  });
}

function refuse(event: Inbound, wire: Parts['wire']): void {
  const reply = refusalOf(event);
  if (reply !== null && 'reply' in event) wire.reply(event.reply, reply);
}
