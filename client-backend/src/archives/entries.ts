import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, getFileNameLowLevel, type ZipFile } from 'yauzl';
import type { SubmissionRefusal } from '../parts.ts';
import { inWords } from '../text/in-words.ts';
import { type ArchiveEntry, refuse } from './screen-archive.ts';

/** Names, extra fields and comments of all entries: each entry can have 192 KB of them, and all are held. */
const MOST_DIRECTORY_BYTES = 64 * 1024 ** 2;

export type ListedEntry = ArchiveEntry & { entry: Entry };

/** The table of contents of an archive, unless it is longer than what is taken. Throws what yauzl throws. */
export async function listEntries(
  zip: ZipFile,
  archive: string,
  mostEntries: number,
): Promise<{ ok: true; entries: ListedEntry[] } | SubmissionRefusal> {
  if (zip.entryCount > mostEntries) {
    const [count, most] = [zip.entryCount, mostEntries].map((it) => it.toLocaleString('en'));
    return refuse(archive, `it holds ${count} entries, and ${most} are the most`);
  }
  const entries: ListedEntry[] = [];
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    bytes += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (bytes > MOST_DIRECTORY_BYTES) {
      return refuse(archive, `its table of contents takes more than ${inWords(MOST_DIRECTORY_BYTES)}`);
    }
    entries.push(describe(entry));
  }
  return { ok: true, entries };
}

/** What the table of contents says of an entry. */
export function describe(entry: Entry): ListedEntry {
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
  return {
    ok: false,
    code: 'bad-archive',
    message: `"${archive}" cannot be unpacked: it is damaged, cut short, or says wrong things about its files (${whyDamaged(error)}). Pack it again and send that.`,
  };
}

/** What yauzl and zlib say of bytes they cannot read; errors of the disk or the database are thrown on. */
export function whyDamaged(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const { code } = error as NodeJS.ErrnoException;
  // A number in the file that leads out of it is found by Node's Buffer.
  if (code !== undefined && !code.startsWith('Z_') && !(error instanceof RangeError)) throw error;
  return error.message;
}
