import { FrameResult, RenderChunkSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import type { BlobHash, ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { type DoneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';

/** Name of the image among a render chunk's files. */
export const FRAME_FILE = 'frame';

/** A frame as its worker delivered it, in the place (ordinal) where the video shows it. */
export type RenderedFrame = {
  chunk: ChunkId;
  ordinal: number;
  frame: number;
  hash: BlobHash;
  size: number;
};

export type Unusable = RejectChunks['chunks'][number];

const Files = z.array(ResultFile);
const PAGE = 2_000;

/** The done frames of a stage by ordinal, and those whose report is not what it must be. */
export async function* renderedFrames(
  db: Db,
  stage: Pick<StageRow, 'id'>,
): AsyncGenerator<RenderedFrame | Unusable> {
  for (let after = -1; ; ) {
    const rows = await doneChunks(db, stage.id, after, PAGE);
    for (const row of rows) yield readFrame(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.ordinal;
  }
}

/** Reads one row; what is wrong with it is said instead of the frame. */
export function readFrame(row: DoneChunk): RenderedFrame | Unusable {
  const { frame } = RenderChunkSpec.parse(JSON.parse(row.spec_json));
  const result = FrameResult.safeParse(JSON.parse(row.result_json ?? 'null'));
  const files = Files.safeParse(JSON.parse(row.files_json ?? '[]'));
  const file = files.success ? files.data.find((one) => one.name === FRAME_FILE) : undefined;
  if (file === undefined) return unusable(row.id, `Frame ${frame} was reported without its image.`);
  if (!result.success || result.data.frame !== frame) {
    return unusable(row.id, `The report on frame ${frame} is about another frame.`);
  }
  return { chunk: row.id, ordinal: row.ordinal, frame, hash: file.hash, size: file.size };
}

export const unusable = (chunk: ChunkId, message: string): Unusable => ({
  chunk,
  message: message.slice(0, 500),
});

export const isUnusable = (one: RenderedFrame | Unusable): one is Unusable => 'message' in one;
