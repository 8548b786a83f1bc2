import { type Entry, fromBufferPromise, openPromise, type ZipFile } from 'yauzl';
import { ByteReader } from '../../../archives/byte-reader.ts';
import { describe, whyDamaged } from '../../../archives/entries.ts';
import { inWords } from '../../../text/in-words.ts';
import { MOST_HEADER_BYTES, type NpyHeader, parseNpyHeader, valueBytes } from './npy-header.ts';

export type NpzArray = {
  name: string;
  entry: Entry;
  header: NpyHeader;
  /** Its bytes are in the file as they are, so that they can be read by offset. */
  stored: boolean;
};

/** An open .npz with the headers of its arrays, by name. Close it. */
export type Npz = { zip: ZipFile; arrays: Map<string, NpzArray>; close(): void };

export type OpenedNpz = { ok: true; npz: Npz } | { ok: false; message: string };

const MOST_ARRAYS = 10_000;
const LONGEST_NAME = 1_024;
/** Names, extra fields and comments of all entries: each can have 192 KB of them. */
const MOST_DIRECTORY_BYTES = 4 * 1024 ** 2;
const NOTHING = Buffer.alloc(0);
/** What an entry that stays open does not need, and what its maker can make large. */
const WITHOUT_WORDS = {
  fileName: NOTHING,
  fileComment: NOTHING,
  fileCommentRaw: NOTHING,
  extraFields: [],
  extraFieldRaw: NOTHING,
};

/**
 * Reads what an .npz holds, but no values: by its path, or from all of its bytes. What is wrong with it completes a
 * sentence that begins with its name; errors of the disk are thrown.
 */
export async function openNpz(file: string | Buffer): Promise<OpenedNpz> {
  const held = typeof file === 'string' ? null : file;
  let zip: ZipFile | undefined;
  try {
    const options = { autoClose: false, decodeStrings: false };
    zip = await (typeof file === 'string' ? openPromise(file, options) : fromBufferPromise(file, options));
    const arrays = await readArrays(zip, held);
    if (typeof arrays === 'string') {
      zip.close();
      return { ok: false, message: arrays };
    }
    const open = zip;
    return { ok: true, npz: { zip: open, arrays, close: () => open.close() } };
  } catch (error) {
    zip?.close();
    return { ok: false, message: `is damaged or cut short (${whyDamaged(error)})` };
  }
}

async function readArrays(zip: ZipFile, held: Buffer | null): Promise<Map<string, NpzArray> | string> {
  if (zip.entryCount > MOST_ARRAYS) return `holds ${zip.entryCount.toLocaleString('en')} arrays`;
  const arrays = new Map<string, NpzArray>();
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    bytes += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (bytes > MOST_DIRECTORY_BYTES) {
      return `has a table of contents of more than ${inWords(MOST_DIRECTORY_BYTES)}`;
    }
    const { name: file, encrypted, readable } = describe(entry);
    if (!file.endsWith('.npy')) return `holds "${file.slice(0, 100)}", which is no array`;
    const name = file.slice(0, -4);
    if (name.length > LONGEST_NAME) return `holds an array whose name has ${name.length} characters`;
    if (encrypted || !readable) return `holds "${name}" packed in a way that is not known here`;
    if (arrays.has(name)) return `holds "${name}" twice`;
    const stored = entry.compressionMethod === 0;
    const parsed = parseNpyHeader(
      await (held !== null && stored ? startInside(zip, entry, held) : startOf(zip, entry)),
    );
    if (!parsed.ok) return `cannot be used: the array "${name}" ${parsed.message}`;
    const { header } = parsed;
    if (header.kind !== 'O' && entry.uncompressedSize !== header.length + valueBytes(header)) {
      return `cannot be used: the array "${name}" has not as many bytes as its shape says`;
    }
    // A copy of the name: a part of a buffer holds all of it in memory.
    Object.assign(entry, WITHOUT_WORDS, { fileNameRaw: Buffer.from(entry.fileNameRaw) });
    arrays.set(name, { name, entry, header, stored });
  }
  return arrays;
}

/** The first bytes of an array's file, in which its header is. */
async function startOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const bytes = await zip.openReadStreamPromise(entry);
  try {
    return await new ByteReader(bytes).peek(Math.min(MOST_HEADER_BYTES, entry.uncompressedSize));
  } finally {
    bytes.destroy();
  }
}

/** The same without a stream, which costs more than all else that is done with a small file. */
async function startInside(zip: ZipFile, entry: Entry, held: Buffer): Promise<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const end = fileDataStart + entry.compressedSize;
  if (end > held.length) throw new Error('an entry goes on beyond the end of the file');
  return held.subarray(fileDataStart, Math.min(end, fileDataStart + MOST_HEADER_BYTES));
}
