import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { liveStages } from '@parallel-pilot/shared/server/db/farm-reads.ts';
import { addNotes, dropNotes, WAITING } from '@parallel-pilot/shared/server/db/notes.ts';
import type { Parts } from '../parts.ts';
import { SPARE_BYTES } from '../uploads/no-room.ts';

const CODE = `${WAITING}disk-full`;
const MESSAGE =
  'The disk of the farm is full, so workers cannot deliver their results. Free some space on it, or delete old jobs; the job goes on by itself.';

/** No job waits in silence for room on the farm's disk: while results are refused, those under way say so. */
export function createDiskWatch(parts: Parts) {
  const told = new Set<JobId>();
  let first = true;

  const check = async (): Promise<void> => {
    if ((await parts.blobs.freeBytes()) >= SPARE_BYTES) {
      // What the last process told, if it was stopped meanwhile.
      const left = first ? await jobsAtWork(parts) : told;
      for (const job of left) if (await dropNotes(parts.db, job, CODE)) parts.live.jobChanged(job);
      told.clear();
      first = false;
      return;
    }
    for (const job of await jobsAtWork(parts)) {
      told.add(job);
      const note = { level: 'warning' as const, code: CODE, message: MESSAGE };
      if (await addNotes(parts.db, job, [note], parts.clock())) parts.live.jobChanged(job);
    }
  };
  return { check };
}

async function jobsAtWork({ db }: Parts): Promise<JobId[]> {
  const live = await liveStages(db);
  return [...new Set(live.filter(({ state }) => state !== 'paused').map(({ job }) => job))];
}
