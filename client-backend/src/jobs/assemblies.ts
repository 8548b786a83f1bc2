import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import PQueue from 'p-queue';
import type { MadeAssembly } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { finishAssembly } from './finish-assembly.ts';

export interface Assemblies {
  /** Puts the job's result together, unless that is under way or was put off. */
  start(job: JobId, kind: string): void;
  /** Stops it and resolves when nothing of it runs any more. */
  stop(job: JobId): Promise<void>;
  /** Jobs whose result is being put together, or waits for its turn. */
  running(): JobId[];
  close(): Promise<void>;
}

/** Two at once leave the processor to the frames of other jobs. */
const AT_ONCE = 2;
/** A cause outside (a full disk, a database that is away) is looked at again after this long. */
const TRY_AGAIN_MS = 10_000;
/** A bug is not worth trying for ever. */
const MOST_ERRORS = 5;

/** Runs what puts results together, outside of any lock: it may take an hour. `onOver` is called after each. */
export function createAssemblies(parts: Parts, onOver: (job: JobId) => void): Assemblies {
  const queue = new PQueue({ concurrency: AT_ONCE });
  const under = new Map<JobId, { controller: AbortController; over: Promise<void> }>();
  const putOff = new Map<JobId, { until: number; errors: number }>();

  const run = async (job: JobId, kind: string, signal: AbortSignal): Promise<void> => {
    const errors = putOff.get(job)?.errors ?? 0;
    try {
      const assembly = await assemble(parts, job, kind, signal);
      if (signal.aborted) return;
      if (await finishAssembly(parts, job, assembly)) putOff.delete(job);
      else putOff.set(job, { until: parts.clock() + TRY_AGAIN_MS, errors });
    } catch (error) {
      if (signal.aborted) return;
      parts.log.error({ event: 'job.assembly-failed', job, err: error });
      // With the database away nothing was learned about the job itself.
      const counted = errors + ((await reachable(parts)) ? 1 : 0);
      putOff.set(job, { until: parts.clock() + TRY_AGAIN_MS, errors: counted });
      if (counted >= MOST_ERRORS && (await giveUp(parts, job).catch(() => false))) putOff.delete(job);
    }
  };

  return {
    start(job, kind) {
      if (under.has(job) || (putOff.get(job)?.until ?? 0) > parts.clock()) return;
      const controller = new AbortController();
      const over = queue
        .add(() => run(job, kind, controller.signal))
        .finally(() => {
          under.delete(job);
          onOver(job);
        });
      under.set(job, { controller, over });
    },
    async stop(job) {
      putOff.delete(job);
      const one = under.get(job);
      one?.controller.abort();
      await one?.over;
    },
    running: () => [...under.keys()],
    async close() {
      const all = [...under.values()];
      for (const { controller } of all) controller.abort();
      await Promise.all(all.map(({ over }) => over));
    },
  };
}

async function assemble(parts: Parts, job: JobId, kind: string, signal: AbortSignal): Promise<MadeAssembly> {
  if (signal.aborted) return { outcome: 'wait', code: 'stopped', message: 'Stopped.' };
  parts.live.stitching(job, 0);
  const onProgress = (fraction: number) => parts.live.stitching(job, fraction);
  return backendKindOf(kind).assemble(parts, job, onProgress, signal);
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

const giveUp = (parts: Parts, job: JobId): Promise<boolean> =>
  finishAssembly(parts, job, {
    outcome: 'fail',
    code: 'assembly-failed',
    message:
      'The result could not be put together because of an unexpected error, which is in the log of the farm. The frames are safe and can be downloaded; "Retry" tries again.',
  });
