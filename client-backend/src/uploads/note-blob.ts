import { insertBlobs, type NewBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import type { Parts } from '../parts.ts';

/** Notes a stored blob, or touches one that was here. Its size; null when its bytes are not (any more). */
export const noteBlob = (
  { blobs, db, blobTurns }: Pick<Parts, 'blobs' | 'db' | 'blobTurns'>,
  row: Omit<NewBlob, 'size'>,
): Promise<number | null> =>
  blobTurns(row.hash, async () => {
    const size = await blobs.size(row.hash);
    if (size !== null) await insertBlobs(db, [{ ...row, size }]);
    return size;
  });
