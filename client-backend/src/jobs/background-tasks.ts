import { hostname } from 'node:os';
import { pid } from 'node:process';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import {
  beginBackgroundTask,
  endBackgroundTask,
  leaveBackgroundTasks,
} from '@parallel-pilot/shared/server/db/background-tasks.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { BackgroundTask, StageTaskResult } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { finishAssembly, takeUnfinished } from './finish-assembly.ts';
import { judgeDeaths } from './judge-deaths.ts';
import { type Turn, Turns } from './turns.ts';

/** The backend's own work on jobs: stage tasks (splitting, checking), and putting the result together. */
export interface BackgroundTasks {
  /** Does what the job needs, unless that is under way or was put off. */
  start(job: JobId, what: Turn['what']): void;
  /** Stops it and resolves when nothing of it runs any more. */
  stop(job: JobId): Promise<void>;
  /** Jobs of which something is under way, or waits for its turn. */
  running(): Turn[];
  close(): Promise<void>;
}

/** A cause outside (a full disk, a database that is away) is looked at again after this long. */
const TRY_AGAIN_MS = 10_000;
/** A bug is not worth trying for ever. */
const MOST_ERRORS = 5;

export type BackgroundTaskEnds = {
  /** Plans what follows from the result of a stage task. False when it is to be tried again after a while. */
  stageTaskDone(job: JobId, stage: StageRow, result: StageTaskResult): Promise<boolean>;
  /** After each, however it ended. */
  over(job: JobId): void;
};

/**
 * Runs them outside of any lock: one may take an hour. Before one begins the
 * database says so, and what this process does not survive is told by that to
 * the next one.
 */
export function createBackgroundTasks(parts: Parts, ends: BackgroundTaskEnds): BackgroundTasks {
  const { db, log, clock } = parts;
  const process = `${hostname()}:${pid}:${clock()}`;
  const putOff = new Map<JobId, { until: number; errors: number }>();
  const isPutOff = (job: JobId): boolean => (putOff.get(job)?.until ?? 0) > clock();
  const turns = new Turns((turn, signal) => run(turn, signal), ends.over);
  let judging = false;

  const judge = async (): Promise<void> => {
    if (judging || turns.suspects !== null) return;
    judging = true;
    try {
      turns.suspects = await judgeDeaths(parts, process);
      turns.begin();
    } catch (error) {
      log.error({ event: 'background-tasks.not-judged', err: error });
    } finally {
      judging = false;
    }
  };
  const run = async ({ job, what }: Turn, signal: AbortSignal): Promise<void> => {
    const errors = putOff.get(job)?.errors ?? 0;
    try {
      const task = await findBackgroundTask(parts, job, what, signal);
      if (task === null) return;
      await beginBackgroundTask(db, { job, process, at: clock() });
      try {
        const make = await carryOut(parts, what, task, ends);
        if (signal.aborted) return;
        if (await make()) putOff.delete(job);
        else putOff.set(job, { until: clock() + TRY_AGAIN_MS, errors });
        await endBackgroundTask(db, job);
        turns.suspects?.delete(job);
      } finally {
        await leaveBackgroundTasks(db, process, job);
      }
    } catch (error) {
      if (signal.aborted) return;
      log.error({ event: `job.${what}-failed`, job, err: error });
      // With the database away nothing was learned about the job itself.
      const counted = errors + ((await reachable(parts)) ? 1 : 0);
      putOff.set(job, { until: clock() + TRY_AGAIN_MS, errors: counted });
      if (counted >= MOST_ERRORS && (await giveUp(parts, job).catch(() => false))) putOff.delete(job);
    }
  };

  return {
    start(job, what) {
      if (!turns.has(job) && !isPutOff(job)) turns.add({ job, what });
      void judge();
    },
    async stop(job) {
      putOff.delete(job);
      await turns.stop(job);
    },
    running: () => turns.all,
    async close() {
      // Whatever ends this process from here on, it was told to go.
      await leaveBackgroundTasks(db, process).catch((err) =>
        log.warn({ event: 'background-tasks.not-left', err }),
      );
      await turns.close();
    },
  };
}

/** True while the job needs that of the backend. */
export const isDue = (what: Turn['what'], state: JobStatus | undefined): boolean =>
  what === 'assemble' ? state === 'assembling' : state !== undefined && !isOver(state);

/** Null for a job that does not need it any more. */
async function findBackgroundTask(
  parts: Parts,
  id: JobId,
  what: Turn['what'],
  signal: AbortSignal,
): Promise<BackgroundTask | null> {
  const job = await findJob(parts.db, id);
  const stage = await newestStage(parts.db, id);
  if (signal.aborted || stage === undefined || job === undefined || !isDue(what, job.state)) return null;
  return { job, stage, signal, onProgress: (fraction) => parts.live.backgroundProgressed(id, fraction) };
}

/** Does the work; what it came to is made true by calling what is returned. */
async function carryOut(
  parts: Parts,
  what: Turn['what'],
  task: BackgroundTask,
  ends: BackgroundTaskEnds,
): Promise<() => Promise<boolean>> {
  const { job, stage } = task;
  const kind = backendKindOf(job.kind);
  task.onProgress(0);
  if (what === 'stage-task') {
    const result = await kind.runStageTask(parts, task);
    return () => ends.stageTaskDone(job.id, stage, result);
  }
  const assembly = await kind.assemble(parts, task);
  return () => finishAssembly(parts, job.id, assembly);
}

const reachable = (parts: Parts): Promise<boolean> =>
  parts.db
    .selectFrom('owners')
    .select('id')
    .limit(1)
    .execute()
    .then(
      () => true,
      () => false,
    );

async function giveUp(parts: Parts, id: JobId): Promise<boolean> {
  const job = await findJob(parts.db, id);
  if (job === undefined) return true;
  return takeUnfinished(parts, job, {
    outcome: 'fail',
    code: 'assembly-failed',
    message:
      'The farm met an unexpected error of its own with this job, which is in its log. What the workers made is safe; "Retry" tries again.',
  });
}
