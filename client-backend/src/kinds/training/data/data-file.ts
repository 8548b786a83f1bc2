import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { ArchiveLimits } from '../../../archives/screen-archive.ts';
import type { Parts, SubmissionRefusal } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';

export type DataParts = Pick<Parts, 'blobs' | 'config'>;
/** The uploaded data, and the name it had. */
export type DataFile = { blob: BlobHash; fileName: string };
export type SizedFile = DataFile & { size: number };
/** Files of one format, whose rows follow each other, and one of the same format to measure on. */
export type DataSet = { files: readonly SizedFile[]; test: SizedFile | null };

/** The files as one, in messages. */
export const nameOf = ({ files }: DataSet): string =>
  `${files[0]?.fileName}${files.length > 1 ? ` and ${files.length - 1} more` : ''}`;

/** All of them, that to measure on last. */
export const filesOf = ({ files, test }: DataSet): readonly SizedFile[] =>
  test === null ? files : [...files, test];

export const bytesOf = (set: DataSet): number => filesOf(set).reduce((sum, { size }) => sum + size, 0);

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
