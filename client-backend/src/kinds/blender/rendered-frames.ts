import { FrameResult, RenderChunkSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { type FramePicture, SOUND_FILE } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import type { BlobHash, ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { type DoneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';

/** A frame as its worker delivered it, in the place (ordinal) where the video shows it. */
export type RenderedFrame = {
  chunk: ChunkId;
  ordinal: number;
  frame: number;
  /** As many as a frame of its job has, in their order. */
  pictures: StoredPicture[];
  /** Of all frames, where it was made beside this one. */
  sound: StoredFile | null;
  /** Why there is none though there should be. */
  soundless: string | null;
};

export type StoredFile = { hash: BlobHash; size: number };
export type StoredPicture = FramePicture & StoredFile;

export type Unusable = RejectChunks['chunks'][number];

const Files = z.array(ResultFile);
const PAGE = 2_000;

/** The done frames of a stage by ordinal, and those whose report is not what it must be. */
export async function* renderedFrames(
  db: Db,
  stage: Pick<StageRow, 'id'>,
  wanted: readonly FramePicture[],
): AsyncGenerator<RenderedFrame | Unusable> {
  for (let after = -1; ; ) {
    const rows = await doneChunks(db, stage.id, after, PAGE);
    for (const row of rows) yield readFrame(row, wanted);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.ordinal;
  }
}

/** Reads one row; what is wrong with it is said instead of the frame. */
export function readFrame(row: DoneChunk, wanted: readonly FramePicture[]): RenderedFrame | Unusable {
  const { frame, sound = false } = RenderChunkSpec.parse(JSON.parse(row.spec_json));
  const result = FrameResult.safeParse(JSON.parse(row.result_json ?? 'null'));
  const files = Files.safeParse(JSON.parse(row.files_json ?? '[]'));
  const named = (name: string): StoredFile | undefined => files.data?.find((one) => one.name === name);
  const pictures: StoredPicture[] = [];
  for (const picture of wanted) {
    const file = named(picture.file);
    if (file === undefined) {
      const which = picture === wanted[0] ? 'its image' : `its file "${picture.file}"`;
      return unusable(row.id, `Frame ${frame} was reported without ${which}.`);
    }
    pictures.push({ ...picture, hash: file.hash, size: file.size });
  }
  if (!result.success || result.data.frame !== frame) {
    return unusable(row.id, `The report on frame ${frame} is about another frame.`);
  }
  const own = sound ? (named(SOUND_FILE) ?? null) : null;
  const soundless = sound && own === null ? (result.data.soundless ?? 'No reason was given.') : null;
  return { chunk: row.id, ordinal: row.ordinal, frame, pictures, sound: own, soundless };
}

export const unusable = (chunk: ChunkId, message: string): Unusable => ({
  chunk,
  message: message.slice(0, 500),
});

export const isUnusable = (one: RenderedFrame | Unusable): one is Unusable => 'message' in one;
