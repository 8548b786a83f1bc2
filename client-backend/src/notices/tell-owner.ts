import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotices } from '@parallel-pilot/shared/server/db/notices.ts';
import type { Told } from './told-events.ts';

export type Owned = Pick<JobHead, 'id' | 'team_id' | 'person_id' | 'name' | 'kind'>;

/** Puts it into the outbox of the job's owner. What has a `cause` is told once of a job, however often it is seen. */
export const tellOwner = (
  db: Db,
  job: Owned,
  { event, message }: Told,
  { now, cause = String(now) }: { now: number; cause?: string },
): Promise<void> =>
  addNotices(db, {
    job: job.id,
    team: job.team_id,
    person: job.person_id,
    event,
    cause,
    subject: { name: job.name, kind: job.kind, message, whole: null },
    at: now,
  });
