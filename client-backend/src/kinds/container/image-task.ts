import type { Image, StoredSource } from '@parallel-pilot/shared/kinds/container/image.ts';
import { IMAGE_FILE } from '@parallel-pilot/shared/kinds/container/stages.ts';
import type { BlobHash, ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { z } from 'zod';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../kind.ts';
import { BadImage, NoRoom } from './archive/bad-image.ts';
import { takeApart } from './archive/take-apart.ts';

/** `value` is null where the chunk of the stage has failed: what comes next is for the kind to say. */
export type ImageTaskResult =
  | { outcome: 'done'; value: Image | null; blobs: BlobHash[] }
  | Exclude<StageTaskResult, { outcome: 'done' }>;

/** Takes apart the archive that was sent, or that the chunk of the stage has made. `kind`: whose job it is. */
export async function imageTask(
  parts: Parts,
  task: BackgroundTask,
  { source, kind }: { source: StoredSource; kind: string },
): Promise<ImageTaskResult> {
  const { signal, onProgress } = task;
  const sent = await archiveOf(parts, task, source);
  if (sent === null) return { outcome: 'done', value: null, blobs: [] };
  if ('redo' in sent) return { outcome: 'redo', chunks: [{ chunk: sent.redo, message: LOST }] };
  try {
    const image = await takeApart(parts, { archive: sent, onProgress, signal });
    return { outcome: 'done', value: image, blobs: blobsOfImage(image) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BadImage)
      return { outcome: 'fail', code: `${kind}/bad-image`, message: error.message };
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

export const blobsOfImage = ({ config, layers }: Image): BlobHash[] => [
  ...new Set([config, ...layers].map(({ hash }) => hash)),
];

type Lost = { redo: ChunkId };

async function archiveOf(
  { db, blobs }: Parts,
  { stage }: BackgroundTask,
  image: StoredSource,
): Promise<StoredBlob | Lost | null> {
  if (image.from === 'archive') return { hash: image.blob, size: image.size };
  const [chunk] = await doneChunks(db, stage.id, -1, 1);
  if (chunk === undefined) return null;
  const files = z.array(ResultFile).parse(JSON.parse(chunk.files_json ?? '[]'));
  const file = files.find(({ name }) => name === IMAGE_FILE);
  const size = file === undefined ? null : await blobs.size(file.hash);
  return file === undefined || size === null ? { redo: chunk.id } : { hash: file.hash, size };
}

const LOST = 'The image that its worker made did not come, or was lost.';

const FULL: ImageTaskResult = {
  outcome: 'wait',
  code: DISK_FULL.code,
  message:
    'The disk of the farm is full, so the image could not be taken apart. Free some space on it, or delete old jobs; this one goes on by itself.',
};
