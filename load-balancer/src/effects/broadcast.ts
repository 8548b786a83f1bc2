import type { StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import {
  addChange,
  addProgress,
  type ChunkNews,
  noNews,
} from '@parallel-pilot/shared/protocol/chunk-news.ts';
import type { ChunkProgress, StagePatch, WorkersPatch } from '@parallel-pilot/shared/protocol/control.ts';
import type { Effect } from '../farm/effects.ts';
import { chunkOf, type Farm, type Lease, type Stage, type Worker } from '../farm/farm.ts';
import { occupancyOf } from '../farm/resources.ts';

const STAGE_EVERY_MS = 100;
const WORKERS_EVERY_MS = 500;
const CHANGES_AT_ONCE = 5_000;

/** Messages that go to the backend. */
export type Listener = { stage(patch: StagePatch): void; workers(patch: WorkersPatch): void };

export interface Broadcast {
  chunkChanged(change: Extract<Effect, { type: 'chunk-changed' }>): void;
  workerChanged(worker: WorkerId): void;
  /** `log`: what it printed, where that is news. */
  progressed(lease: Lease, log?: string): void;
  /** All workers, and the progress of all stages, to one that has just connected. */
  tellAll(listener: Listener): void;
  close(): void;
}

type Pending = {
  job: StagePatch['job'];
  news: ChunkNews<ChunkProgress>;
  settled: boolean;
  /** Not before this time, by the monotonic clock. */
  due: number;
  timer: NodeJS.Timeout | null;
};

/** Gathers changes into patches: each stage's at most ten times a second, but for the one that settles it, the workers' at most twice. */
export function createBroadcast(farm: () => Farm, listeners: () => Iterable<Listener>): Broadcast {
  const stages = new Map<StageId, Pending>();
  const workers = new Set<WorkerId>();

  const workersTimer = setInterval(sendWorkers, WORKERS_EVERY_MS);
  workersTimer.unref();

  return { chunkChanged, workerChanged, progressed, tellAll, close };

  function chunkChanged(change: Extract<Effect, { type: 'chunk-changed' }>): void {
    const { ordinal, status, worker, settled } = change;
    const entry = pendingOf(change.job, change.stage);
    // Progress is recorded at once, the start of a chunk only when it is committed: it may come after its progress.
    const early = status === 'running' ? entry.news.progress.get(ordinal) : undefined;
    addChange(entry.news, { ordinal, status, worker });
    if (early?.worker === worker) addProgress(entry.news, early);
    entry.settled = settled;
    // The next stage is planned by this.
    if (settled) hasten(entry);
    wake(change.stage, entry);
  }

  function hasten(entry: Pending): void {
    entry.due = 0;
    if (entry.timer !== null) clearTimeout(entry.timer);
    entry.timer = null;
  }

  function progressed(lease: Lease, log?: string): void {
    const entry = pendingOf(lease.stage.job.id, lease.stage.id);
    addProgress(entry.news, progressOf(lease, log));
    wake(lease.stage.id, entry);
    workers.add(lease.worker.id);
  }

  function workerChanged(worker: WorkerId): void {
    workers.add(worker);
  }

  function pendingOf(job: StagePatch['job'], stage: StageId): Pending {
    const known = stages.get(stage);
    if (known !== undefined) return known;
    const settled = farm().stages.get(stage)?.chunks.settled ?? false;
    const made: Pending = { job, news: noNews(), settled, due: 0, timer: null };
    stages.set(stage, made);
    return made;
  }

  function wake(stage: StageId, entry: Pending): void {
    entry.timer ??= setTimeout(() => sendStage(stage, entry), Math.max(0, entry.due - performance.now()));
  }

  function sendStage(stage: StageId, entry: Pending): void {
    entry.timer = null;
    const { changes, progress } = entry.news;
    if (changes.size === 0 && progress.size === 0) {
      stages.delete(stage);
      return;
    }
    const told = changes.values().take(CHANGES_AT_ONCE).toArray();
    for (const { ordinal } of told) changes.delete(ordinal);
    const patch: StagePatch = {
      job: entry.job,
      stage,
      changes: told,
      progress: [...progress.values()],
      settled: entry.settled && changes.size === 0,
    };
    progress.clear();
    entry.due = performance.now() + STAGE_EVERY_MS;
    // Runs once more even if nothing comes, to let the entry go.
    wake(stage, entry);
    for (const listener of listeners()) listener.stage(patch);
  }

  function sendWorkers(): void {
    if (workers.size === 0) return;
    const patch = { workers: Array.from(workers, (id) => workerView(id, farm().workers.get(id))) };
    workers.clear();
    for (const listener of listeners()) listener.workers(patch);
  }

  function tellAll(listener: Listener): void {
    const { workers: present, stages: open, leases } = farm();
    listener.workers({ workers: Array.from(present.values(), (worker) => workerView(worker.id, worker)) });
    const running = Map.groupBy([...leases.values()].filter(isRunning), (lease) => lease.stage);
    for (const stage of open.values()) {
      const progress = (running.get(stage) ?? []).map((lease) => progressOf(lease, lease.log));
      if (progress.length > 0 || stage.chunks.settled) listener.stage(standing(stage, progress));
    }
  }

  function close(): void {
    clearInterval(workersTimer);
    for (const [stage, entry] of stages) {
      if (entry.timer !== null) clearTimeout(entry.timer);
      sendStage(stage, entry);
      if (entry.timer !== null) clearTimeout(entry.timer);
    }
    sendWorkers();
  }
}

const standing = (stage: Stage, progress: ChunkProgress[]): StagePatch => ({
  job: stage.job.id,
  stage: stage.id,
  changes: [],
  progress,
  settled: stage.chunks.settled,
});

const isRunning = (lease: Lease): boolean => lease.startedAt !== null;

const progressOf = (
  { worker, ordinal, fraction, detail, values }: Lease,
  log: string | undefined,
): ChunkProgress => ({
  worker: worker.id,
  ordinal,
  fraction,
  detail,
  ...(values === undefined ? {} : { values }),
  ...(log === undefined ? {} : { log }),
});

function workerView(id: WorkerId, worker: Worker | undefined): WorkersPatch['workers'][number] {
  if (worker === undefined)
    return { worker: id, status: 'offline', load: null, room: null, lent: null, running: [] };
  return {
    worker: id,
    status: worker.draining ? 'draining' : 'online',
    load: worker.load,
    room: { offer: worker.offer, used: occupancyOf(worker).used },
    lent: worker.lent,
    running: [...worker.leases].filter(isRunning).map((lease) => ({
      chunk: chunkOf(lease),
      job: lease.stage.job.id,
      fraction: lease.fraction,
      detail: lease.detail,
    })),
  };
}
