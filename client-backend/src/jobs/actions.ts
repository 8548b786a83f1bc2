import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { type Action, may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobEvent, JobStatus } from '@parallel-pilot/shared/model/job.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import { countChunks, type StageCounts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { dependenciesOf } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { editJob, findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage, openAgain, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { changeJob } from '../change-job.ts';
import { sentenceOf } from '../http/problems.ts';
import { nextStep, takeStep } from './advance.ts';
import { announce } from './announce.ts';
import { awaitedBy, awaitedProblem, blockAgain, whyNever } from './blocked.ts';
import { deleteJobWithBlobs } from './delete-job.ts';
import type { PartsWithEngine } from './engine.ts';

/** What became of a user's wish; the message is a sentence for them. */
export type Outcome =
  | { ok: true }
  | { ok: false; status: 403 | 404 | 409 | 422 | 503; code: string; message: string };

/** No more of the job's chunks are handed out; those under way are finished. */
export const pauseJob = (parts: PartsWithEngine, by: Principal, id: JobId): Promise<Outcome> =>
  change(parts, by, id, { type: 'pause' }, 'Only a job that is being worked on can be paused');

export const resumeJob = (parts: PartsWithEngine, by: Principal, id: JobId): Promise<Outcome> =>
  change(parts, by, id, { type: 'resume' }, 'Only a paused job can be resumed');

/** Ends the job; what was made so far stays and can be downloaded. What is under way for it ends when it can. */
export async function cancelJob(parts: PartsWithEngine, by: Principal, id: JobId): Promise<Outcome> {
  const outcome = await change(
    parts,
    by,
    id,
    { type: 'cancel' },
    'Only a job that is not over can be canceled',
  );
  if (outcome.ok) void parts.engine.backgroundTasks.stop(id);
  return outcome;
}

/**
 * Gives a failed or canceled job another go: its failed and canceled chunks
 * are queued again, what is done stays done; jobs that were canceled as it failed wait for it again. The chunks come first: after a
 * crash in between the job is still over, and the user can say so again.
 */
export function retryJob(parts: PartsWithEngine, by: Principal, id: JobId): Promise<Outcome> {
  return withJob(parts, by, id, async (job) => {
    if (job.state !== 'failed' && job.state !== 'canceled') {
      return notNow(job.state, 'Only a failed or canceled job can be retried');
    }
    const stage = await newestStage(parts.db, id);
    if (stage === undefined) {
      return notNow(job.state, 'There is nothing left of this job that could be retried');
    }
    const { awaited, unprepared } = await awaitedBy(parts.db, job);
    if (awaited === 'cancel') {
      const after = (await dependenciesOf(parts.db, [id])).get(id) ?? [];
      return notNow(job.state, `${whyNever(after)} It cannot be retried before that`);
    }
    // Of one that was closed without its last chunks nothing is missing.
    const refused = stage.state === 'closed' ? null : await requeue(parts, job, stage);
    if (refused !== null) return refused;
    const begun = stage.ordinal === 0 ? 'preparing' : 'queued';
    const to = awaited === 'wait' || unprepared ? 'blocked' : begun;
    const changed = await inTransaction(parts.db, async (db) => {
      const done = await changeJob(db, job, { type: 'retry', to }, parts.clock());
      if (done.ok) await openAgain(db, id);
      return { ...done, again: done.ok ? await blockAgain(db, id, parts.clock()) : [] };
    });
    if (!changed.ok) return notNow(job.state, 'The job changed meanwhile');
    for (const one of [id, ...changed.again]) announce(parts, one);
    return { ok: true };
  });
}

async function requeue(parts: PartsWithEngine, job: JobRow, stage: StageRow): Promise<Outcome | null> {
  const counts: StageCounts = (await countChunks(parts.db, [stage.id])).get(stage.id) ?? {};
  if ((counts.failed ?? 0) + (counts.canceled ?? 0) === 0) return null;
  const reply = await parts.balancer.retryChunks(job.id);
  if (reply.ok) return null;
  return reply.code === 'not-ready'
    ? BALANCER_AWAY
    : { ok: false, status: 409, code: reply.code, message: reply.message };
}

/** Settings for a job that waits for them. Those that cannot work are refused at once, and the job keeps waiting. */
export function giveSettings(
  parts: PartsWithEngine,
  by: Principal,
  id: JobId,
  settings: unknown,
): Promise<Outcome> {
  return withJob(parts, by, id, async (job) => {
    const stage = await newestStage(parts.db, id);
    if (job.state !== 'ready' || stage === undefined) {
      return notNow(job.state, 'Settings can only be given while the job waits for them');
    }
    const given = kindOf(job.kind).settings?.safeParse(settings);
    if (given === undefined) return notNow(job.state, 'A job of this kind takes no settings afterwards');
    if (!given.success) {
      return { ok: false, status: 422, code: 'bad-settings', message: sentenceOf(given.error, 'settings') };
    }
    const step = await nextStep(parts, job, stage, { given: given.data, taskValue: null });
    if (step.step === 'fail') return { ok: false, status: 422, code: step.code, message: step.message };
    const done = await takeStep(parts, job, stage, step, { given: given.data });
    return done ? { ok: true } : notNow(job.state, 'The job changed meanwhile');
  });
}

/** A deadline goes before others as a priority does, so it asks for the same permission. */
export async function renameOrPrioritize(
  parts: PartsWithEngine,
  by: Principal,
  id: JobId,
  edit: { name?: string; priority?: number; deadline?: number | null },
): Promise<Outcome> {
  return withJob(parts, by, id, async (job) => {
    const urges = edit.priority !== undefined || edit.deadline !== undefined;
    if (urges && !may(by, 'jobs.prioritise', job.person_id === by.person))
      return notAllowed(by, 'jobs.prioritise');
    const { name = '', ...rest } = edit;
    const shown = oneLine(name);
    await editJob(parts.db, id, { ...rest, ...(shown === '' ? {} : { name: shown }), now: parts.clock() });
    announce(parts, id);
    return { ok: true };
  });
}

/** Cancels the job where it is not over, then removes it, and the blobs that no other job uses. */
export async function deleteJob(parts: PartsWithEngine, by: Principal, id: JobId): Promise<Outcome> {
  const mayDelete = 'jobs.delete';
  let awaited: Outcome | null = null;
  const cancel = async (job: JobRow): Promise<Outcome> => {
    awaited = await whyAwaited(parts.db, id);
    return awaited ?? apply(parts, job, { type: 'cancel' }, '');
  };
  const canceled = await withJob(parts, by, id, cancel, mayDelete);
  if (awaited !== null || (!canceled.ok && (canceled.status === 404 || canceled.status === 403)))
    return canceled;
  await parts.engine.backgroundTasks.stop(id);
  const remove = async (): Promise<Outcome> => {
    const refused = await whyAwaited(parts.db, id);
    if (refused !== null) return refused;
    await deleteJobWithBlobs(parts, id);
    parts.balancer.jobsChanged([id]);
    parts.live.jobDeleted(id, by.team);
    parts.log.info({ event: 'job.deleted', job: id });
    return { ok: true };
  };
  return withJob(parts, by, id, remove, mayDelete);
}

const change = (
  parts: PartsWithEngine,
  by: Principal,
  id: JobId,
  event: JobEvent,
  otherwise: string,
): Promise<Outcome> => withJob(parts, by, id, (job) => apply(parts, job, event, otherwise));

/**
 * Does it to a job of the team of whoever asks, where they may; runs while nothing else of this process changes the
 * job. What follows from it is done afterwards.
 */
export async function withJob(
  parts: PartsWithEngine,
  by: Principal,
  id: JobId,
  act: (job: JobRow) => Promise<Outcome>,
  action: Action = 'jobs.steer',
): Promise<Outcome> {
  const { engine } = parts;
  const outcome = await engine.exclusive(id, async () => {
    const job = await findJob(parts.db, id, by.team);
    if (job === undefined) return NOT_FOUND;
    return may(by, action, job.person_id === by.person) ? act(job) : notAllowed(by, action);
  });
  // What follows is the engine's; a failure there is tried again by its sweep.
  if (outcome.ok)
    engine.advance(id).catch((error) => parts.log.warn({ event: 'job.advance-failed', job: id, err: error }));
  return outcome;
}

async function apply(
  parts: PartsWithEngine,
  job: JobRow,
  event: JobEvent,
  otherwise: string,
): Promise<Outcome> {
  const changed = await inTransaction(parts.db, (db) => changeJob(db, job, event, parts.clock()));
  if (changed.ok) {
    announce(parts, job.id);
    return { ok: true };
  }
  // A race is lost to the balancer's side of the row only, which the next look sees.
  return changed.code === 'raced'
    ? notNow(job.state, 'The job changed at the same moment; look again')
    : notNow(job.state, otherwise);
}

async function whyAwaited(db: Db, id: JobId): Promise<Outcome | null> {
  const message = await awaitedProblem(db, id);
  return message === null ? null : { ok: false, status: 409, code: 'awaited', message };
}

const notAllowed = (by: Principal, action: Action): Outcome => ({
  ok: false,
  status: 403,
  code: 'not-allowed',
  message: refusalOf(by, action),
});

export const BALANCER_AWAY: Outcome = {
  ok: false,
  status: 503,
  code: 'load-balancer-away',
  message: 'The load balancer cannot be reached at the moment. Try again when it is back.',
};

export const NOT_FOUND: Extract<Outcome, { ok: false }> = {
  ok: false,
  status: 404,
  code: 'job-unknown',
  message: 'There is no such job.',
};

export const notNow = (state: JobStatus, why: string): Outcome => ({
  ok: false,
  status: 409,
  code: 'not-allowed',
  message: `${why}; this one is ${SPOKEN[state]}.`,
});

const SPOKEN: Record<JobStatus, string> = {
  blocked: 'waiting for other jobs',
  preparing: 'having its file read',
  ready: 'waiting for your settings',
  queued: 'waiting for a worker',
  running: 'being worked on',
  paused: 'paused',
  assembling: 'being put together',
  completed: 'completed',
  failed: 'failed',
  canceled: 'canceled',
};
