import { ContainerSpec } from '@parallel-pilot/shared/kinds/container/spec.ts';
import { IMAGE_FILE } from '@parallel-pilot/shared/kinds/container/stages.ts';
import type { ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { z } from 'zod';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../kind.ts';
import { BadImage, NoRoom } from './archive/bad-image.ts';
import { takeApart } from './archive/take-apart.ts';

/** Takes apart the archive that was sent, or that the chunk of the stage has made. */
export async function imageTask(parts: Parts, task: BackgroundTask): Promise<StageTaskResult> {
  const { signal, onProgress } = task;
  const sent = await archiveOf(parts, task);
  // The stage has failed chunks alone: what comes next is for the kind to say.
  if (sent === null) return { outcome: 'done', value: null, blobs: [] };
  if ('redo' in sent) return { outcome: 'redo', chunks: [{ chunk: sent.redo, message: LOST }] };
  try {
    const image = await takeApart(parts, { archive: sent, onProgress, signal });
    const blobs = [...new Set([image.config, ...image.layers].map(({ hash }) => hash))];
    return { outcome: 'done', value: image, blobs };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BadImage)
      return { outcome: 'fail', code: 'container/bad-image', message: error.message };
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

type Lost = { redo: ChunkId };

async function archiveOf(
  { db, blobs }: Parts,
  { job, stage }: BackgroundTask,
): Promise<StoredBlob | Lost | null> {
  const { image } = ContainerSpec.parse(JSON.parse(job.spec_json));
  if (image.from === 'archive') return { hash: image.blob, size: image.size };
  const [chunk] = await doneChunks(db, stage.id, -1, 1);
  if (chunk === undefined) return null;
  const files = z.array(ResultFile).parse(JSON.parse(chunk.files_json ?? '[]'));
  const file = files.find(({ name }) => name === IMAGE_FILE);
  const size = file === undefined ? null : await blobs.size(file.hash);
  return file === undefined || size === null ? { redo: chunk.id } : { hash: file.hash, size };
}

const LOST = 'The image that its worker made did not come, or was lost.';

const FULL: StageTaskResult = {
  outcome: 'wait',
  code: DISK_FULL.code,
  message:
    'The disk of the farm is full, so the image could not be taken apart. Free some space on it, or delete old jobs; this one goes on by itself.',
};
