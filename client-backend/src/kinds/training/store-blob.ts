import type { Readable } from 'node:stream';
import type { BlobStore, StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { SPARE_BYTES } from '../../uploads/no-room.ts';
import { NoRoom } from './split/problems.ts';

/** Stores what the backend makes of a training, and leaves the farm its room on the disk. Throws NoRoom. */
export async function storeBlob(blobs: BlobStore, bytes: Readable): Promise<StoredBlob> {
  const written = await blobs.write(bytes, { maxBytes: Number.MAX_SAFE_INTEGER, keepFree: SPARE_BYTES });
  if (!written.ok) throw new NoRoom(written.message);
  return { hash: written.hash, size: written.size };
}
