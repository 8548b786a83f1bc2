import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import PQueue from 'p-queue';
import type { Errand, Gathering } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { finishAssembly, takeUnfinished } from './finish-assembly.ts';

/** The backend's own work on jobs: gathering what a stage made, putting the result together. */
export interface Errands {
  /** Does what the job needs, unless that is under way or was put off. */
  start(job: JobId, what: 'gather' | 'assemble'): void;
  /** Stops it and resolves when nothing of it runs any more. */
  stop(job: JobId): Promise<void>;
  /** Jobs of which something is under way, or waits for its turn. */
  running(): { job: JobId; what: 'gather' | 'assemble' }[];
  close(): Promise<void>;
}

/** Assemblies leave the processor to the frames of other jobs; gathering is what the next round waits for. */
const AT_ONCE = { gather: 4, assemble: 2 };
/** A cause outside (a full disk, a database that is away) is looked at again after this long. */
const TRY_AGAIN_MS = 10_000;
/** A bug is not worth trying for ever. */
const MOST_ERRORS = 5;

export type ErrandEnds = {
  /** Plans what follows from what was gathered. False when it is to be tried again after a while. */
  gathered(job: JobId, stage: StageRow, gathering: Gathering): Promise<boolean>;
  /** After each, however it ended. */
  over(job: JobId): void;
};

/** Runs them outside of any lock: one may take an hour. */
export function createErrands(parts: Parts, ends: ErrandEnds): Errands {
  const queues = {
    gather: new PQueue({ concurrency: AT_ONCE.gather }),
    assemble: new PQueue({ concurrency: AT_ONCE.assemble }),
  };
  type Under = { what: 'gather' | 'assemble'; controller: AbortController; over: Promise<void> };
  const under = new Map<JobId, Under>();
  const putOff = new Map<JobId, { until: number; errors: number }>();

  const run = async (id: JobId, what: 'gather' | 'assemble', signal: AbortSignal): Promise<void> => {
    const errors = putOff.get(id)?.errors ?? 0;
    try {
      const finish = await carryOut(parts, id, what, signal, ends);
      if (signal.aborted) return;
      if (await finish()) putOff.delete(id);
      else putOff.set(id, { until: parts.clock() + TRY_AGAIN_MS, errors });
    } catch (error) {
      if (signal.aborted) return;
      parts.log.error({ event: `job.${what}-failed`, job: id, err: error });
      // With the database away nothing was learned about the job itself.
      const counted = errors + ((await reachable(parts)) ? 1 : 0);
      putOff.set(id, { until: parts.clock() + TRY_AGAIN_MS, errors: counted });
      if (counted >= MOST_ERRORS && (await giveUp(parts, id).catch(() => false))) putOff.delete(id);
    }
  };

  return {
    start(job, what) {
      if (under.has(job) || (putOff.get(job)?.until ?? 0) > parts.clock()) return;
      const controller = new AbortController();
      const over = queues[what]
        .add(() => run(job, what, controller.signal))
        .finally(() => {
          under.delete(job);
          ends.over(job);
        });
      under.set(job, { what, controller, over });
    },
    async stop(job) {
      putOff.delete(job);
      const one = under.get(job);
      one?.controller.abort();
      await one?.over;
    },
    running: () => [...under].map(([job, { what }]) => ({ job, what })),
    async close() {
      const all = [...under.values()];
      for (const { controller } of all) controller.abort();
      await Promise.all(all.map(({ over }) => over));
    },
  };
}

/** Does the work; what it came to is made true by calling what is returned. */
async function carryOut(
  parts: Parts,
  id: JobId,
  what: 'gather' | 'assemble',
  signal: AbortSignal,
  ends: ErrandEnds,
): Promise<() => Promise<boolean>> {
  const job = await findJob(parts.db, id);
  const stage = await newestStage(parts.db, id);
  if (signal.aborted || job === undefined || stage === undefined) return async () => true;
  const errand = errandOf(parts, job, stage, signal);
  errand.onProgress(0);
  const kind = backendKindOf(job.kind);
  if (what === 'gather') {
    const gathering = await kind.gather(parts, errand);
    return () => ends.gathered(id, stage, gathering);
  }
  const assembly = await kind.assemble(parts, errand);
  return () => finishAssembly(parts, id, assembly);
}

const errandOf = (parts: Parts, job: JobRow, stage: StageRow, signal: AbortSignal): Errand => ({
  job,
  stage,
  signal,
  onProgress: (fraction) => parts.live.stitching(job.id, fraction),
});

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
