import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import {
  claimBackgroundTask,
  endBackgroundTask,
  hasBackgroundTask,
  leaveBackgroundTasks,
  renewBackgroundTasks,
} from '@parallel-pilot/shared/server/db/background-tasks.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { BackgroundTask, StageTaskResult } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { nameOfProcess } from '../processes.ts';
import { needsOf, standOf } from './advance.ts';
import { finishAssembly, takeUnfinished } from './finish-assembly.ts';
import { isLeft, judgeDeaths, MOST_DEATHS } from './judge-deaths.ts';
import { prepareBlocked, takePrepared } from './prepare-blocked.ts';
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
/**
 * Without a sign of life for so long, a process is taken for dead, and another backend may take what it had. The
 * clocks of backends on one database may differ by less than that.
 */
const LEASE_MS = 30_000;
const RENEW_MS = 5_000;
/** What another backend is at is looked at again after this long. */
const ELSEWHERE_MS = 2_000;

export type BackgroundTaskEnds = {
  /** Plans what follows from the result of a stage task. False when it is to be tried again after a while. */
  stageTaskDone(job: JobId, stage: StageRow, result: StageTaskResult): Promise<boolean>;
  /** After each, however it ended. */
  over(job: JobId): void;
};

/**
 * Runs them outside of any lock: one may take an hour. Before one begins this
 * process claims it in the database and says every few seconds that it is still
 * at it: no two backends do the same, and what a process does not survive is
 * told by that to the next one.
 */
export function createBackgroundTasks(parts: Parts, ends: BackgroundTaskEnds): BackgroundTasks {
  const { db, log } = parts;
  const clock = () => parts.clock();
  const process = nameOfProcess(Buffer.from(parts.random(8)).toString('hex'));
  const putOff = new Map<JobId, { until: number; errors: number }>();
  const isPutOff = (job: JobId): boolean => (putOff.get(job)?.until ?? 0) > clock();
  const turns = new Turns((turn, signal) => run(turn, signal), ends.over);
  const held = new Set<JobId>();
  let judging: Promise<void> | null = null;

  const judge = (): Promise<void> => {
    judging ??= judgeDeaths(parts, process)
      .then(
        (suspects) => {
          turns.suspects = suspects;
          turns.begin();
        },
        (error) => log.error({ event: 'background-tasks.not-judged', err: error }),
      )
      .finally(() => {
        judging = null;
      });
    return judging;
  };
  const putOffFor = (job: JobId, ms: number): void => {
    putOff.set(job, { until: clock() + ms, errors: putOff.get(job)?.errors ?? 0 });
  };
  /** False when it is another's for now, or must be run alone. */
  const claim = async (job: JobId): Promise<boolean> => {
    const now = clock();
    const claimed = { job, process, started_at: now, expires_at: now + LEASE_MS };
    const holder = await claimBackgroundTask(db, claimed);
    if (holder?.process !== process) {
      if (holder !== undefined && isLeft(holder, now)) await judge();
      else putOffFor(job, ELSEWHERE_MS);
      return false;
    }
    held.add(job);
    if (holder.deaths === 0 || (holder.deaths < MOST_DEATHS && turns.suspects?.has(job))) return true;
    // Another backend died of it since this one last looked.
    await leave(job);
    await judge();
    return false;
  };
  const leave = async (job: JobId): Promise<void> => {
    held.delete(job);
    await leaveBackgroundTasks(db, process, job);
  };
  const renew = async (): Promise<void> => {
    const before = [...held];
    if (before.length === 0) return;
    const still = new Set(await renewBackgroundTasks(db, process, clock() + LEASE_MS));
    for (const job of before) {
      if (still.has(job) || !held.delete(job)) continue;
      log.warn({ event: 'task.lost', job });
      void turns.stop(job);
    }
  };
  const renewing = setInterval(() => {
    renew().catch((err) => log.warn({ event: 'background-tasks.not-renewed', err }));
  }, RENEW_MS).unref();

  const run = async ({ job, what }: Turn, signal: AbortSignal): Promise<void> => {
    const errors = putOff.get(job)?.errors ?? 0;
    try {
      if (!(await claim(job))) return;
      try {
        // Only now: whoever had it before may just have ended it.
        const task = await findBackgroundTask(parts, job, what, signal);
        if (task === null) return;
        log.info({ event: 'task.begun', job, what, stage: task.stage.name, of: task.stage.ordinal });
        const make = await carryOut(parts, what, task, ends);
        if (signal.aborted) return;
        if (!held.has(job) || !(await hasBackgroundTask(db, job, process))) return;
        if (await make()) putOff.delete(job);
        else putOff.set(job, { until: clock() + TRY_AGAIN_MS, errors });
        await endBackgroundTask(db, job, process);
        held.delete(job);
        turns.suspects?.delete(job);
      } finally {
        if (held.has(job)) await leave(job);
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
      if (turns.suspects === null) void judge();
    },
    async stop(job) {
      putOff.delete(job);
      await turns.stop(job);
    },
    running: () => turns.all,
    async close() {
      clearInterval(renewing);
      // Whatever ends this process from here on, it was told to go.
      await leaveBackgroundTasks(db, process).catch((err) =>
        log.warn({ event: 'background-tasks.not-left', err }),
      );
      await turns.close();
    },
  };
}

/** True while the job needs that of the backend. */
export const isDue = (what: Turn['what'], state: JobStatus | undefined): boolean => {
  if (what === 'assemble') return state === 'assembling';
  if (what === 'prepare') return state === 'blocked';
  return state !== undefined && !isOver(state);
};

/** Null for a job that does not need it any more. */
async function findBackgroundTask(
  parts: Parts,
  id: JobId,
  what: Turn['what'],
  signal: AbortSignal,
): Promise<BackgroundTask | null> {
  const stand = await standOf(parts, id);
  if (signal.aborted || stand === null || needsOf(stand) !== what) return null;
  const { job, stage } = stand;
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
  if (what === 'prepare') {
    const prepared = await prepareBlocked(parts, task);
    return () => takePrepared(parts, task, prepared);
  }
  const assembly = await kind.assemble(parts, task);
  return () => finishAssembly(parts, job.id, assembly);
}

const reachable = (parts: Parts): Promise<boolean> =>
  parts.db
    .selectFrom('teams')
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
