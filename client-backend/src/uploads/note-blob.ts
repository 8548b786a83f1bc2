import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { insertBlobs, type NewBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import { createExclusive } from '../exclusive.ts';
import type { Parts } from '../parts.ts';

/** Storing and removing one blob take turns: nobody is told that a file is here while it goes. */
export const oneByOne = createExclusive<BlobHash>();

/** Notes a stored blob, or touches one that was here. Its size; null when its bytes are not (any more). */
export const noteBlob = (
  { blobs, db }: Pick<Parts, 'blobs' | 'db'>,
  row: Omit<NewBlob, 'size'>,
): Promise<number | null> =>
  oneByOne(row.hash, async () => {
    const size = await blobs.size(row.hash);
    if (size !== null) await insertBlobs(db, [{ ...row, size }]);
    return size;
  });
