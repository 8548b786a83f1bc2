import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { isSafeRelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { NpyHeader } from '../data/npy-header.ts';
import { type Npz, type NpzArray, openNpz } from '../data/open-npz.ts';

/** A file of weights whose form was found to be in order. Close it. */
export type Weights = { npz: Npz; source: Source; close(): Promise<void> };

/** An open file, or what a small one holds. */
export type Source = FileHandle | Buffer;

export type OpenedWeights = { ok: true; weights: Weights } | { ok: false; message: string };

/** Types of values by NumPy's names, and what safetensors calls them. */
const DTYPES: Record<string, string> = {
  b1: 'BOOL',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
};

/** What safetensors calls values of that type; undefined for one that no weights may have. */
export const dtypeOf = ({ kind, itemBytes, littleEndian }: NpyHeader): string | undefined =>
  littleEndian || itemBytes === 1 ? DTYPES[`${kind}${itemBytes}`] : undefined;

/**
 * Opens an .npz of weights: stored arrays of numbers in C order, which every
 * program that reads .zip finds in the same places. The message completes a
 * sentence about the file; errors of the disk are thrown.
 */
export async function openWeights(path: string): Promise<OpenedWeights> {
  const held = await readSmall(path);
  const opened = await openNpz(held ?? path);
  if (!opened.ok) return opened;
  const { npz } = opened;
  const source = held ?? (await open(path, 'r'));
  const close = async () => {
    npz.close();
    if (!Buffer.isBuffer(source)) await source.close();
  };
  const problem = formProblem([...npz.arrays.values()]) ?? (await ambiguity(npz, source));
  if (problem === null) return { ok: true, weights: { npz, source, close } };
  await close();
  return { ok: false, message: problem };
}

/** As much as is read of a large one at once. */
const SMALL_BYTES = 1024 ** 2;

/** At once: what reads an array here and a header there would ask Node's thread pool a hundred times. */
async function readSmall(path: string): Promise<Buffer | null> {
  const { size } = await stat(path);
  return size <= SMALL_BYTES ? readFile(path) : null;
}

/** Reads bytes from a place of the file until all are there; false where it ends before. */
export async function readAt(source: Source, bytes: Uint8Array, from: number): Promise<boolean> {
  if (Buffer.isBuffer(source)) {
    bytes.set(source.subarray(from, from + bytes.length));
    return from + bytes.length <= source.length;
  }
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await source.read(bytes, at, bytes.length - at, from + at);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}

/** Longer ones NumPy does not read by itself. */
const LONGEST_HEADER = 10_000;
/** safetensors keeps it for itself. */
const RESERVED = '__metadata__';

function formProblem(arrays: NpzArray[]): string | null {
  if (arrays.length === 0) return 'holds no arrays';
  for (const { name, header, stored } of arrays) {
    if (!stored) return `holds "${name}" compressed, not stored`;
    if (!'biuf'.includes(header.kind))
      return `holds "${name}" of the type ${header.descr}, which is no number`;
    if (dtypeOf(header) === undefined)
      return `holds "${name}" of the type ${header.descr}, which is not known here`;
    if (header.length > LONGEST_HEADER) return `holds "${name}" with a header that is too long`;
    if (header.fortran && header.shape.length > 1) return `holds "${name}" in Fortran order, not in C order`;
    // A name is a file's name in the archive.
    if (name === RESERVED || !isSafeRelativePath(name))
      return `holds an array named ${JSON.stringify(name)}, a name that weights cannot have`;
  }
  return null;
}

/** `PK` and two bytes each, read as little-endian numbers: APPNOTE.TXT of the .zip format, 4.3.14 to 4.3.16. */
const END = 0x06054b50;
const LOCATOR_64 = 0x07064b50;
const END_64 = 0x06064b50;
const END_BYTES = 22;
const LOCATOR_64_BYTES = 20;
const END_64_BYTES = 56;

/**
 * A .zip may be made so that two programs find two tables of contents in it, or
 * two names for one entry: what was checked here would not be what NumPy reads.
 */
async function ambiguity({ zip, arrays }: Npz, source: Source): Promise<string | null> {
  const table = await readTable(source, zip.fileSize);
  // The types say boolean; it is the place up to which entries were read.
  if (table === null || table.end !== Number(zip.readEntryCursor))
    return 'is no plain .npz: its table of contents is not where it says';
  // By its table a .zip may begin anywhere; NumPy takes a file that begins with something else for a pickle.
  const first = Math.min(...arrays.values().map(({ entry }) => entry.relativeOffsetOfLocalHeader));
  if (first !== 0) return 'is no plain .npz: something lies before its arrays';
  for (const { name, entry } of arrays.values()) {
    // It stands before the array too, and Python refuses another one there.
    const { fileName } = await zip.readLocalFileHeaderPromise(entry);
    if (entry.fileNameRaw.toString() !== `${name}.npy` || !fileName.equals(entry.fileNameRaw))
      return `holds "${name}" under two names`;
  }
  return null;
}

/** Where the table of contents ends: right before what closes the file. Null where anything does not fit. */
async function readTable(source: Source, size: number): Promise<{ end: number } | null> {
  const tail = Buffer.alloc(END_64_BYTES + LOCATOR_64_BYTES + END_BYTES);
  const from = Math.max(0, size - tail.length);
  await readAt(source, tail.subarray(tail.length - (size - from)), from);
  const record = tail.subarray(END_64_BYTES + LOCATOR_64_BYTES);
  if (record.readUInt32LE(0) !== END || record.readUInt16LE(20) !== 0) return null;
  const [length, start] = [record.readUInt32LE(12), record.readUInt32LE(16)];
  const locator = tail.subarray(END_64_BYTES);
  if (locator.readUInt32LE(0) !== LOCATOR_64) {
    return start + length === size - END_BYTES ? { end: start + length } : null;
  }
  const [length64, start64] = [Number(tail.readBigUInt64LE(40)), Number(tail.readBigUInt64LE(48))];
  const fits =
    tail.readUInt32LE(0) === END_64 &&
    Number(locator.readBigUInt64LE(8)) === size - tail.length &&
    start64 + length64 === size - tail.length &&
    (start === 0xffffffff || start === start64);
  return fits ? { end: start64 + length64 } : null;
}
