import type { LimitName } from '@parallel-pilot/shared/api/limits.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobEvent } from '@parallel-pilot/shared/model/job.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes, type NoteRow, WAITING } from '@parallel-pilot/shared/server/db/notes.ts';
import { liveJobIds, pausedWithNote, workingHolders } from '@parallel-pilot/shared/server/db/usage.ts';
import { changeJob } from '../change-job.ts';
import { type Limited, limitedBy, refusalOf } from '../limits/limits.ts';
import { usedOf } from '../limits/usage.ts';
import { tellOwner } from '../notices/tell-owner.ts';
import type { Parts } from '../parts.ts';
import { announce } from './announce.ts';

/** Limits that work under way uses up. */
const USED_BY_WORK: LimitName[] = ['storedBytes', 'workerHours'];
const NOTE = `${WAITING}limit-`;
const EVERY_MS = 10_000;

type Exclusive = <T>(job: JobId, task: () => Promise<T>) => Promise<T>;
type Reached = { code: string; message: string };

/**
 * Pauses the jobs of a team or person that reached a limit in the middle of them, and says so on each; nothing of them
 * is lost, what is under way is finished and kept. They go on by themselves once there is room again.
 */
export function createLimitWatch(parts: Parts, exclusive: Exclusive) {
  let next = 0;
  const check = async (): Promise<void> => {
    if (parts.clock() < next) return;
    next = parts.clock() + EVERY_MS;
    const reached = createReached(parts);
    for (const by of await workingHolders(parts.db)) {
      for (const limited of await limitedBy(
        parts.db,
        { team: by.team_id, person: by.person_id },
        parts.config.teamLimits,
      )) {
        const why = await reached(limited);
        if (why === null) continue;
        for (const job of await liveJobIds(parts.db, limited.holder)) await pause(parts, exclusive, job, why);
      }
    }
    for (const { id, team_id, person_id } of await pausedWithNote(parts.db, NOTE)) {
      const both = await limitedBy(parts.db, { team: team_id, person: person_id }, parts.config.teamLimits);
      const still = await Promise.all(both.map(reached));
      if (still.every((why) => why === null)) await change(parts, exclusive, id, { type: 'resume' });
    }
  };
  return { check };
}

/** Looks at each team and person once in a round. */
function createReached(parts: Parts): (limited: Limited) => Promise<Reached | null> {
  const known = new Map<string, Promise<Reached | null>>();
  return (limited) => {
    const key = 'team' in limited.holder ? limited.holder.team : limited.holder.person;
    const found = known.get(key) ?? look(parts, limited);
    known.set(key, found);
    return found;
  };
}

async function look(parts: Parts, { holder, name, most }: Limited): Promise<Reached | null> {
  for (const limit of USED_BY_WORK) {
    const limitOf = most(limit);
    if (limitOf === null) continue;
    const used = await usedOf(parts, holder, limit);
    if (used >= limitOf) return refusalOf(limit, name, used, limitOf);
  }
  // Otherwise they would wait for nothing, and in silence.
  if (most('chunksAtOnce') === 0) return refusalOf('chunksAtOnce', name, 0, 0);
  return null;
}

async function pause(
  parts: Parts,
  exclusive: Exclusive,
  job: JobId,
  { code, message }: Reached,
): Promise<void> {
  const note = { level: 'warning' as const, code: WAITING + code, message: `${message} ${GOES_ON}` };
  if (await change(parts, exclusive, job, { type: 'pause' }, note))
    parts.log.info({ event: 'job.limit-reached', job, code });
}

const GOES_ON = 'The job is paused until then, and goes on by itself; nothing of it is lost.';

/** False where the job does not stand so that it could happen to it. The note and the change are there together: by it the job is found again. */
function change(
  parts: Parts,
  exclusive: Exclusive,
  id: JobId,
  event: JobEvent,
  note?: Omit<NoteRow, 'at'>,
): Promise<boolean> {
  return exclusive(id, async () => {
    const job = await findJob(parts.db, id);
    if (job === undefined) return false;
    const changed = await inTransaction(parts.db, async (db) => {
      const done = await changeJob(db, job, event, parts.clock());
      if (done.ok && note !== undefined) {
        await addNotes(db, id, [note], parts.clock());
        await tellOwner(db, job, { event: 'waiting', message: note.message }, { now: parts.clock() });
      }
      return done.ok;
    });
    if (changed) announce(parts, id);
    return changed;
  });
}
