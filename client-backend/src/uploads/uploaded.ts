import type { BlobHash, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { hasBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';

/** Bytes of a file that the team itself handed in; null for one that it did not, or that is gone. */
export const sizeOf = async (
  { db, blobs }: Pick<Parts, 'db' | 'blobs'>,
  team: TeamId,
  hash: BlobHash,
): Promise<number | null> => ((await hasBlob(db, team, hash)) ? blobs.size(hash) : null);

export const gone = (fileName: string): SubmissionRefusal => ({
  ok: false,
  code: 'blob-unknown',
  message: `The uploaded file "${fileName}" is not on the farm (any more). Upload it again.`,
});
