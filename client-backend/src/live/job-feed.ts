import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { ChunkChange, ChunkProgress, StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import type { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import { chunkSpecs, workerNames } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { stageKind } from '@parallel-pilot/shared/server/db/stages.ts';
import { throttle } from './throttle.ts';

export interface JobFeed {
  changed(): void;
  patch(patch: StagePatch): void;
  stitching(fraction: number): void;
  close(): void;
}

/** Ten patches a second are smooth to the eye. */
const EVERY_MS = 100;
/** A change of more chunks than this at once is told as "fetch again". */
const MOST_CHANGES = 5_000;

/** Gathers what happens to one watched job into small patches: the newest word on each chunk, at most 10 a second. */
export function createJobFeed(db: Db, job: JobId, send: (patch: JobPatch) => void): JobFeed {
  let pending = nothing();
  let telling = false;
  const timer = throttle(EVERY_MS, () => {
    // One at a time: names that are slow to read would let this patch arrive after the next one.
    if (telling) return;
    telling = true;
    const gathered = pending;
    pending = nothing();
    // With the database away the page is told nothing; it asks again when it reconnects or the next change comes.
    void toPatch(db, job, gathered)
      .then(send, () => undefined)
      .finally(() => {
        telling = false;
        if (hasNews(pending)) timer.ask();
      });
  });
  return {
    changed() {
      pending.changed = true;
      timer.ask();
    },
    stitching(fraction) {
      pending.stitching = fraction;
      timer.ask();
    },
    patch(patch) {
      if (pending.stage !== null && pending.stage !== patch.stage) {
        pending = { ...nothing(), stitching: pending.stitching, changed: true };
      }
      pending.stage = patch.stage;
      for (const change of patch.changes) {
        pending.chunks.set(change.ordinal, change);
        if (change.status !== 'running') pending.progress.delete(change.ordinal);
        else if (change.worker !== null) pending.progress.set(change.ordinal, begun(change, change.worker));
      }
      for (const one of patch.progress) {
        if (isUnderWay(pending.chunks.get(one.ordinal))) pending.progress.set(one.ordinal, one);
      }
      if (pending.chunks.size > MOST_CHANGES) {
        pending.chunks.clear();
        pending.changed = true;
      }
      timer.ask();
    },
    close() {
      pending = nothing();
      timer.cancel();
    },
  };
}

type Pending = {
  changed: boolean;
  stage: StageId | null;
  chunks: Map<number, ChunkChange>;
  progress: Map<number, ChunkProgress>;
  stitching: number | null;
};
const nothing = (): Pending => ({
  changed: false,
  stage: null,
  chunks: new Map(),
  progress: new Map(),
  stitching: null,
});

const hasNews = ({ changed, chunks, progress, stitching }: Pending): boolean =>
  changed || stitching !== null || chunks.size > 0 || progress.size > 0;

/** False for a chunk that has ended or waits again: progress that comes after is of work that is over. */
const isUnderWay = (change: ChunkChange | undefined): boolean =>
  change === undefined || change.status === 'running' || change.status === 'leased';

const begun = (change: ChunkChange, worker: ChunkProgress['worker']): ChunkProgress => ({
  worker,
  ordinal: change.ordinal,
  fraction: 0,
  detail: '',
});

async function toPatch(db: Db, job: JobId, gathered: Pending): Promise<JobPatch> {
  const { changed, stage, stitching } = gathered;
  const progress = [...gathered.progress.values()];
  const names = await nameProgress(db, stage, progress);
  return { job, changed, stage, chunks: [...gathered.chunks.values()], progress: names, stitching };
}

/** Adds to each chunk under way what people call it and its worker. */
export async function nameProgress(
  db: Db,
  stage: StageId | null,
  progress: readonly ChunkProgress[],
): Promise<JobPatch['progress']> {
  if (stage === null || progress.length === 0) return [];
  const kind = await stageKind(db, stage);
  if (kind === undefined) return [];
  const specs = await chunkSpecs(
    db,
    stage,
    progress.map((one) => one.ordinal),
  );
  const names = await workerNames(db, [...new Set(progress.map((one) => one.worker))]);
  return progress.map((one) => ({
    ...one,
    workerName: names.get(one.worker) ?? one.worker,
    label: specs.has(one.ordinal)
      ? kindOf(kind.kind).label(kind.stage, specs.get(one.ordinal))
      : `Chunk ${one.ordinal + 1}`,
  }));
}
