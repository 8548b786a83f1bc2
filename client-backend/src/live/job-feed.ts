import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import { addStagePatch, type ChunkNews, noNews } from '@parallel-pilot/shared/protocol/chunk-news.ts';
import type { ChunkProgress, StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import type { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import { chunkSpecs, workerNames } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { stageKind } from '@parallel-pilot/shared/server/db/stages.ts';
import { throttle } from './throttle.ts';

export interface JobFeed {
  changed(): void;
  patch(patch: StagePatch): void;
  backgroundProgressed(fraction: number): void;
  close(): void;
}

/** Ten patches a second are smooth to the eye. */
const EVERY_MS = 100;
/** A change of more chunks than this at once is sent as "fetch again". */
const MOST_CHANGES = 5_000;

/** Gathers what happens to one watched job into small patches: the newest word on each chunk, at most 10 a second. */
export function createJobFeed(db: Db, job: JobId, send: (patch: JobPatch) => void): JobFeed {
  let pending = nothing();
  let telling = false;
  const timer = throttle(EVERY_MS, () => {
    // One at a time: names that are slow to read would let this patch arrive after the next one.
    if (telling) return;
    telling = true;
    const sent = pending;
    pending = nothing();
    // With the database away the page is sent nothing; it asks again when it reconnects or the next change comes.
    void toPatch(db, job, sent)
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
    backgroundProgressed(fraction) {
      pending.backgroundFraction = fraction;
      timer.ask();
    },
    patch(patch) {
      if (pending.stage !== null && pending.stage !== patch.stage) {
        pending = { ...nothing(), backgroundFraction: pending.backgroundFraction, changed: true };
      }
      pending.stage = patch.stage;
      addStagePatch(pending.news, patch);
      if (pending.news.changes.size > MOST_CHANGES) {
        pending.news.changes.clear();
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
  news: ChunkNews<ChunkProgress>;
  backgroundFraction: number | null;
};
const nothing = (): Pending => ({ changed: false, stage: null, news: noNews(), backgroundFraction: null });

const hasNews = ({ changed, news, backgroundFraction }: Pending): boolean =>
  changed || backgroundFraction !== null || news.changes.size > 0 || news.progress.size > 0;

async function toPatch(db: Db, job: JobId, sent: Pending): Promise<JobPatch> {
  const { changed, stage, backgroundFraction } = sent;
  const { changes, progress } = sent.news;
  const named = await nameProgress(db, stage, [...progress.values()]);
  const chunks = [...changes.values()];
  const makers = new Set(
    chunks.flatMap(({ status, worker }) => (status === 'done' && worker ? [worker] : [])),
  );
  const names = makers.size === 0 ? {} : { names: Object.fromEntries(await workerNames(db, [...makers])) };
  return { job, changed, stage, chunks, ...names, progress: named, backgroundFraction };
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
