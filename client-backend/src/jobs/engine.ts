import { setTimeout as pause } from 'node:timers/promises';
import { MAIN_STAGES } from '@parallel-pilot/shared/kinds/registry.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import { dependentsOf } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { findJob, jobsDue } from '@parallel-pilot/shared/server/db/jobs.ts';
import { createExclusive } from '../exclusive.ts';
import { BACKEND_KINDS } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { advance, takeStageTaskResult } from './advance.ts';
import { type BackgroundTasks, createBackgroundTasks, isDue } from './background-tasks.ts';
import { createDeadlineWatch } from './deadline-watch.ts';
import { createDiskWatch } from './disk-watch.ts';
import { measureJobs } from './job-sizes.ts';
import { createLimitWatch } from './limit-watch.ts';
import { createBlobSweep } from './sweep-blobs.ts';
import { createWaitWatch } from './wait-watch.ts';

export interface JobEngine {
  /** Does all that is due for the job now; calls while one waits its turn are one. */
  advance(job: JobId): Promise<void>;
  /** Runs a task while nothing else of this process plans or changes the job. */
  exclusive<T>(job: JobId, task: () => Promise<T>): Promise<T>;
  /** The balancer says that chunks changed. */
  hint(patch: StagePatch): void;
  /** Looks after every job that may need something; never rejects. */
  sweep(): Promise<void>;
  backgroundTasks: BackgroundTasks;
  /** Removes the blobs that nobody uses any more. Calls that overlap take turns. */
  sweepBlobs(): Promise<void>;
  /** Sweeps now and every 2 s, so that a lost hint costs 2 s and nothing else. */
  start(): void;
  /** `task` is run and waited for when the backend ends, before anything else does. */
  atEnd(task: () => Promise<void>): void;
  /** Stops everything that runs and resolves when it has ended. */
  close(): Promise<void>;
}

/** The parts of a backend that works: requests that change jobs and the loop that brings them forward share one engine. */
export type PartsWithEngine = Parts & { engine: JobEngine };

/** Adds an engine to these parts, the same object. */
export const withEngine = (parts: Parts): PartsWithEngine =>
  Object.assign(parts, { engine: createJobEngine(parts) });

const SWEEP_MS = 2_000;

/** What brings jobs forward: after a restart it reads the database and carries on. */
export function createJobEngine(parts: Parts): JobEngine {
  const exclusive = createExclusive<JobId>();
  const waiting = new Map<JobId, Promise<void>>();
  const closing = new AbortController();
  const waitWatch = createWaitWatch(parts);
  const diskWatch = createDiskWatch(parts);
  const limitWatch = createLimitWatch(parts, exclusive);
  const deadlineWatch = createDeadlineWatch(parts);
  const backgroundTasks = createBackgroundTasks(parts, {
    stageTaskDone: (job, stage, result) =>
      exclusive(job, () => takeStageTaskResult(parts, job, stage, result)),
    over(job) {
      if (closing.signal.aborted) return;
      void bring(job).then(() => bringDependents(job));
    },
  });
  const ends: (() => Promise<void>)[] = [];
  let loop: Promise<void> = Promise.resolve();
  let troubled = false;

  const forward = async (job: JobId): Promise<void> => {
    for (;;) {
      if (closing.signal.aborted) return;
      const did = await advance(parts, job);
      if (did === 'nothing') return;
      if (did === 'stage-task' || did === 'assemble' || did === 'prepare') {
        backgroundTasks.start(job, did);
        return;
      }
    }
  };
  const advanceJob = (job: JobId): Promise<void> => {
    const due = waiting.get(job);
    if (due !== undefined) return due;
    const run = exclusive(job, () => {
      waiting.delete(job);
      return forward(job);
    });
    waiting.set(job, run);
    return run;
  };
  const bring = (job: JobId): Promise<void> =>
    advanceJob(job).then(
      () => undefined,
      (error) => parts.log.warn({ event: 'job.advance-failed', job, err: error }),
    );
  // Nobody waits for the sweep after a job that was put together.
  const bringDependents = async (job: JobId): Promise<void> => {
    const blocked = await dependentsOf(parts.db, job).catch(() => []);
    for (const { id, state } of blocked) if (state === 'blocked') void bring(id);
  };
  const sweep = async (): Promise<void> => {
    try {
      for (const job of await jobsDue(parts.db, MAIN_STAGES)) {
        if (closing.signal.aborted) return;
        await advanceJob(job);
      }
      for (const kind of Object.values(BACKEND_KINDS)) await kind.tend?.(parts);
      await stopForeign(parts, backgroundTasks);
      await waitWatch.check();
      await diskWatch.check();
      await limitWatch.check();
      await deadlineWatch.check();
      await measureJobs(parts);
      if (troubled) parts.log.info({ event: 'jobs.sweep-recovered' });
      troubled = false;
    } catch (error) {
      // Once for each spell of trouble: a database that is away for an hour is one line, not 1,800.
      if (!troubled) parts.log.error({ event: 'jobs.sweep-failed', err: error });
      troubled = true;
    }
  };
  const hint = (patch: StagePatch): void => {
    const begun = patch.changes.some((change) => change.status !== 'queued' && change.status !== 'leased');
    if (patch.settled || (begun && begins(patch))) void bring(patch.job);
  };
  const begins = createFirstOf();

  return {
    advance: advanceJob,
    exclusive,
    hint,
    sweep,
    backgroundTasks,
    sweepBlobs: createBlobSweep(parts),
    start() {
      loop = (async () => {
        while (!closing.signal.aborted) {
          await sweep();
          await pause(SWEEP_MS, undefined, { signal: closing.signal }).catch(() => undefined);
        }
      })();
    },
    atEnd: (task) => void ends.push(task),
    async close() {
      for (const task of ends) await task().catch((err) => parts.log.warn({ event: 'jobs.end-failed', err }));
      closing.abort();
      await backgroundTasks.close();
      await loop;
    },
  };
}

// A job canceled or deleted by another process must not go on being worked on.
async function stopForeign(parts: Parts, backgroundTasks: BackgroundTasks): Promise<void> {
  for (const { job, what } of backgroundTasks.running()) {
    if (!isDue(what, (await findJob(parts.db, job))?.state)) await backgroundTasks.stop(job);
  }
}

// A stage's chunks change ten times a second: the job is looked at for the first one that began, and for failures.
function createFirstOf() {
  const seen = new Set<string>();
  return (patch: StagePatch): boolean => {
    if (patch.changes.some((change) => change.status === 'failed' || change.status === 'canceled'))
      return true;
    if (seen.has(patch.stage)) return false;
    if (seen.size > 1_000) seen.clear();
    seen.add(patch.stage);
    return true;
  };
}
