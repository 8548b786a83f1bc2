import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, getFileNameLowLevel } from 'yauzl';
import type { SubmissionRefusal } from '../parts.ts';
import type { ArchiveEntry } from './screen-archive.ts';

/** What the table of contents says of an entry. */
export function describe(entry: Entry): ArchiveEntry & { entry: Entry } {
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
  return {
    entry,
    name: getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false),
    size: entry.uncompressedSize,
    packedSize: entry.compressedSize,
    encrypted: entry.isEncrypted(),
    readable: entry.compressionMethod === 0 || entry.compressionMethod === 8,
    mode: entry.externalFileAttributes >>> 16,
  };
}

/** Passes bytes on, and ends with an error when they are not those of the entry. */
export function verifyChecksum(entry: Entry): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      done(sum === entry.crc32 ? null : new Error('the checksum of an entry does not fit'));
    },
  });
}

/** The refusal for what yauzl and zlib throw; errors of the disk or the database are thrown on. */
export function damaged(archive: string, error: unknown): SubmissionRefusal {
  const { code } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || (code !== undefined && !code.startsWith('Z_'))) throw error;
  return {
    ok: false,
    code: 'bad-archive',
    message: `"${archive}" cannot be unpacked: it is damaged, cut short, or says wrong things about its files (${error.message}). Pack it again and send that.`,
  };
}
