import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { type ChunkId, chunkId, type WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { PinnedWhy, WaitReason } from '@parallel-pilot/shared/model/wait-reason.ts';
import { namedChunks, workerNames } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';

type Pinned = Extract<WaitReason, { code: 'pinned' }>;
/** What people call a chunk and a worker. */
export type PinnedNames = { chunk(id: ChunkId): string; worker(id: WorkerId): string };

/** Names for all that these reasons speak of. */
export async function pinnedNames(db: Db, reasons: Iterable<WaitReason>): Promise<PinnedNames> {
  const waits = [...reasons].flatMap((reason) => (reason.code === 'pinned' ? reason.waits : []));
  const chunks = await namedChunks(
    db,
    waits.map(({ stage, ordinal }) => chunkId(stage, ordinal)),
  );
  const workers = await workerNames(db, [...new Set(waits.map(({ worker }) => worker))]);
  const labels = new Map(
    chunks.map(({ id, kind, stage, spec_json }) => [id, kindOf(kind).label(stage, JSON.parse(spec_json))]),
  );
  return {
    chunk: (id) => labels.get(id) ?? 'A part of it',
    worker: (id) => workers.get(id) ?? 'one that was removed',
  };
}

/** "Part 3 waits for the worker ward-b, which is away: only that has what it works on." */
export function pinnedSentence({ waits, more }: Pinned, names: PinnedNames): string {
  const told = waits.map(({ stage, ordinal, worker, why }) => {
    const who = `the worker ${names.worker(worker)}, which ${WHY[why]}`;
    return `${names.chunk(chunkId(stage, ordinal))} waits for ${who}`;
  });
  const others = more === 0 ? '' : ` So do ${more} more parts for theirs.`;
  return `${told.join('; ')}: ${waits.length === 1 ? 'only that one has' : 'only these have'} what it works on.${others}`;
}

const WHY: Record<PinnedWhy, string> = {
  away: 'is away',
  lacking: 'no longer offers what it needs',
  disabled: 'is disabled',
  draining: 'finishes what it has begun and ends',
  'not-lent-now': 'is not lent at this time',
  'not-allowed': 'no longer works for whoever submitted it',
};
