import type { After } from '@parallel-pilot/shared/api/create-job.ts';
import { judgeDependencies, type RunsOn, type Verdict } from '@parallel-pilot/shared/model/dependencies.ts';
import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { ResultOf } from '@parallel-pilot/shared/model/result-of.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  canceledDependents,
  dependenciesOf,
  dependentsOf,
  type LinkedJob,
  lockJobs,
} from '@parallel-pilot/shared/server/db/dependencies.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { changeJob } from '../change-job.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';
import { announce } from './announce.ts';
import { andList } from './wait-sentence.ts';

/** What a new job runs after: the jobs that were named, and those of which it takes results. */
export function runsAfter(
  asked: readonly After[],
  results: readonly ResultOf[],
): { ok: true; after: After[] } | SubmissionRefusal {
  const after = new Map<JobId, RunsOn>();
  for (const { job, on } of asked) {
    if (after.has(job)) return bad(`The job ${job} stands twice among those to run after.`);
    after.set(job, on);
  }
  for (const { job, result } of results) {
    const on = after.get(job) ?? 'success';
    if (on !== 'success')
      return bad(
        `The job takes "${result}" of ${job}, so it can only run after the success of that job, not after ${on === 'failure' ? 'its failure' : 'whatever it comes to'}.`,
      );
    after.set(job, on);
  }
  return { ok: true, after: [...after].map(([job, on]) => ({ job, on })) };
}

const bad = (message: string): SubmissionRefusal => ({ ok: false, code: 'bad-dependency', message });

/** Whether a new job has to wait for these. Call it in the transaction that writes it: none of them is deleted before its end. */
export async function judgeNew(
  db: Db,
  team: TeamId,
  after: readonly After[],
): Promise<{ ok: true; verdict: Exclude<Verdict, 'cancel'> } | SubmissionRefusal> {
  const found = await lockJobs(
    db,
    team,
    after.map(({ job }) => job),
  );
  const states: Awaited[] = [];
  for (const { job, on } of after) {
    const known = found.get(job);
    if (known === undefined)
      return bad(
        `The job is to run after ${job}, and there is no such job. "pilot jobs" lists those there are.`,
      );
    states.push({ on, state: known.state, name: known.name });
  }
  const ended = endedOtherwise(states);
  if (ended !== undefined)
    return bad(
      `The job would never run: it runs only after the ${ended.on} of "${ended.name}", which is ${ended.state} already.`,
    );
  return { ok: true, verdict: judgeDependencies(states) === 'wait' ? 'wait' : 'run' };
}

type Awaited = { on: RunsOn; state: JobStatus | null; name: string | null };

/** The first of those for which the job can never run; of those whose failure it runs on, where none has failed. */
function endedOtherwise<A extends Awaited>(after: readonly A[]): A | undefined {
  const failures = after.filter(({ on }) => on === 'failure');
  const one = after.find((it) => it.on !== 'failure' && judgeDependencies([it]) === 'cancel');
  return one ?? (failures.length > 0 && judgeDependencies(failures) === 'cancel' ? failures[0] : undefined);
}

/** The facts of a blocked job that `decide` asks for. */
export async function awaitedBy(
  db: Db,
  { id, unprepared_json }: JobRow,
): Promise<{ awaited: Verdict; unprepared: boolean }> {
  const after = (await dependenciesOf(db, [id])).get(id) ?? [];
  return { awaited: judgeDependencies(after), unprepared: unprepared_json !== null };
}

/** Lets a job begin, or go on, that waits for nothing any more. False when somebody else did. */
export async function unblock(parts: Parts, job: JobRow, stage: StageRow): Promise<boolean> {
  const to = stage.ordinal === 0 ? 'preparing' : 'queued';
  const changed = await changeJob(parts.db, job, { type: 'unblock', to }, parts.clock());
  if (changed.ok) announce(parts, job.id);
  return changed.ok;
}

/** Ends a job that can never run, and says on it why. False when somebody else did. */
export async function cancelAwaiting(parts: Parts, job: JobRow): Promise<boolean> {
  const canceled = await inTransaction(parts.db, async (db) => {
    const after = (await dependenciesOf(db, [job.id])).get(job.id) ?? [];
    const reason = { code: 'dependency', message: whyNever(after) };
    const changed = await changeJob(db, job, { type: 'cancel', reason }, parts.clock());
    if (!changed.ok) return false;
    await addNotes(db, job.id, [{ level: 'warning', ...reason }], parts.clock());
    return true;
  });
  if (!canceled) return false;
  parts.log.info({ event: 'job.never-runs', job: job.id });
  announce(parts, job.id);
  return true;
}

/** "Canceled, as it runs only after the success of "simulate", which failed. It waits again when that is retried." */
export function whyNever(after: readonly LinkedJob[]): string {
  const ended = endedOtherwise(after);
  if (ended === undefined)
    return 'Canceled: a job that it waits for has ended in another way than it runs on.';
  const only = `Canceled, as it runs only after the ${ended.on} of`;
  if (ended.state === null) return `${only} a job that was deleted.`;
  const became = ended.state === 'failed' ? 'failed' : `was ${ended.state}`;
  const again = ended.on === 'success' ? ' It waits again as soon as that is retried.' : '';
  return `${only} "${ended.name}", which ${became}.${again}`;
}

/** "Waits for "simulate" and "plot" to end." Null where it waits for none. */
export function waitsFor(after: readonly LinkedJob[]): string | null {
  const awaited = after.filter((one) => judgeDependencies([one]) === 'wait');
  if (awaited.length === 0) return null;
  const named = awaited.slice(0, MOST_NAMED).map(({ name }) => `"${name}"`);
  const more = awaited.length - named.length;
  return `Waits for ${andList([...named, ...(more > 0 ? [`${more} more jobs`] : [])])} to end.`;
}

const MOST_NAMED = 3;

/**
 * Has the jobs wait again that were canceled as this one had failed, and those that were canceled with them. Call it in
 * the transaction that retries it. Resolves with those that it changed.
 */
export async function blockAgain(db: Db, job: JobId, now: number): Promise<JobId[]> {
  const changed: JobId[] = [];
  for (const id of await canceledDependents(db, job)) {
    const row = await findJob(db, id);
    if (row === undefined) continue;
    if (!(await changeJob(db, row, { type: 'retry', to: 'blocked' }, now)).ok) continue;
    changed.push(id, ...(await blockAgain(db, id, now)));
  }
  return changed;
}

/** Why a job cannot be deleted yet: others wait for it, and may need what it came to. Null where it can. */
export async function awaitedProblem(db: Db, job: JobId): Promise<string | null> {
  const waiting = (await dependentsOf(db, job)).filter(({ state }) => state === 'blocked');
  const [first] = waiting;
  if (first === undefined) return null;
  const who =
    waiting.length === 1
      ? `The job "${first.name}" waits`
      : `"${first.name}" and ${waiting.length - 1} more jobs wait`;
  return `${who} for this one, and may need its results. Cancel ${waiting.length === 1 ? 'that' : 'those'} first.`;
}
