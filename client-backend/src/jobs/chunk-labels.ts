import type { Kind } from '@parallel-pilot/shared/kinds/kind.ts';
import {
  type ChunkId,
  ordinalOfChunk,
  type StageId,
  stageOfChunk,
} from '@parallel-pilot/shared/model/ids.ts';
import { chunkSpecs } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { stageKind } from '@parallel-pilot/shared/server/db/stages.ts';

/** What people call these chunks, of whichever stages they are. */
export async function labelChunks(
  db: Db,
  kind: Kind<unknown>,
  chunks: ChunkId[],
): Promise<(chunk: ChunkId) => string> {
  const labels = new Map<ChunkId, string>();
  const byStage = new Map<StageId, ChunkId[]>();
  for (const chunk of chunks) {
    const stage = stageOfChunk(chunk);
    byStage.set(stage, [...(byStage.get(stage) ?? []), chunk]);
  }
  for (const [stage, members] of byStage) {
    const name = (await stageKind(db, stage))?.stage;
    const specs = await chunkSpecs(db, stage, [...new Set(members.map(ordinalOfChunk))]);
    for (const chunk of members) {
      const spec = specs.get(ordinalOfChunk(chunk));
      if (name !== undefined && spec !== undefined) labels.set(chunk, kind.label(name, spec));
    }
  }
  return (chunk) => labels.get(chunk) ?? `Chunk ${ordinalOfChunk(chunk) + 1}`;
}
