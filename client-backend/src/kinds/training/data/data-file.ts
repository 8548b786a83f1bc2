import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { ArchiveLimits } from '../../../archives/screen-archive.ts';
import type { Parts, SubmissionRefusal } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';

export type DataParts = Pick<Parts, 'blobs' | 'config'>;
/** The uploaded data, and the name it had. */
export type DataFile = { blob: BlobHash; fileName: string };

/** What may be unpacked here now. */
export const limitsOf = async ({ blobs, config }: DataParts): Promise<ArchiveLimits> => ({
  maxBytes: config.maxUploadBytes,
  freeBytes: (await blobs.freeBytes()) - SPARE_BYTES,
});

export const badData = (message: string, code = 'bad-data'): SubmissionRefusal => ({
  ok: false,
  code,
  message,
});
