import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { append, type Effect } from '../farm/effects.ts';
import { type Farm, isHere, type Job, type Worker } from '../farm/farm.ts';
import { giveUpWaiting } from '../farm/move-chunks.ts';
import { isCapable, isExcluded } from './eligibility.ts';

/** Time for another worker to come (back) before a job is judged by those that are here, milliseconds. */
const PATIENCE_MS = 15_000;
/** The same where a worker that can do it is known, but away. */
const PATIENCE_FOR_KNOWN_MS = 600_000;

/**
 * A job whose every capable worker has been excluded from it would wait for
 * ever. When no other worker comes for a while: one that has finished chunks
 * of the job works in principle and is admitted again; where there is none, the
 * waiting chunks fail with the last failure.
 */
export function endStuck(farm: Farm, now: number): Effect[] {
  const effects: Effect[] = [];
  for (const job of farm.jobs.values()) {
    if (job.failures.size === 0) continue;
    const stuck = excludedWorkers(farm, job);
    if (stuck === null) {
      job.stuckSince = null;
      continue;
    }
    job.stuckSince ??= now;
    if (now - job.stuckSince < patienceFor(job, stuck)) continue;
    job.stuckSince = null;
    append(effects, resolve(job, stuck, now));
  }
  return effects;
}

function patienceFor(job: Job, stuck: Worker[]): number {
  const isHere = (id: Worker['id']) => stuck.some((worker) => worker.id === id);
  const proven = [...job.succeeded];
  return proven.length === 0 || proven.some(isHere) ? PATIENCE_MS : PATIENCE_FOR_KNOWN_MS;
}

/** Null unless chunks wait and all that keeps present workers from them is that they are excluded. */
function excludedWorkers(farm: Farm, job: Job): Worker[] | null {
  if (!isGrantable(job.status)) return null;
  const waiting = [...job.stages].filter((stage) => stage.pins === null && stage.chunks.count('queued') > 0);
  if (waiting.length === 0) return null;
  const capable = [...farm.workers.values()].filter(
    (worker) => isHere(worker) && waiting.some((stage) => isCapable(stage, worker)),
  );
  return capable.length > 0 && capable.every((worker) => isExcluded(job, worker.id)) ? capable : null;
}

function resolve(job: Job, stuck: Worker[], now: number): Effect[] {
  const proven = stuck.filter((worker) => job.succeeded.has(worker.id));
  if (proven.length > 0) {
    for (const worker of proven) job.failures.delete(worker.id);
    return [{ type: 'log', level: 'warn', fields: { event: 'job.workers-let-in-again', job: job.id } }];
  }
  const failure = job.lastFailure ?? {
    code: 'unexpected' as const,
    message: 'Every worker failed at this job.',
  };
  return [
    ...[...job.stages].flatMap((stage) => giveUpWaiting(stage, failure, now)),
    { type: 'log', level: 'warn', fields: { event: 'job.given-up', job: job.id, code: failure.code } },
  ];
}
