import { isSafeRelativePath, type RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { SubmissionRefusal } from '../parts.ts';
import { inWords } from '../text/in-words.ts';

/** An entry of a .zip as its central directory declares it. Sizes in bytes; `mode` as Unix writes it, 0 if unknown. */
export type ArchiveEntry = {
  name: string;
  size: number;
  packedSize: number;
  encrypted: boolean;
  /** False for a compression method other than deflate and store. */
  readable: boolean;
  mode: number;
};

/** `leftovers` are files that a program leaves beside those that matter, by their paths. */
export type ArchiveLimits = { maxBytes: number; freeBytes: number; leftovers?: RegExp };

/** Bytes of files unpacked, packed as declared, and of the archive they lie in. */
export type ArchiveSizes = { size: number; packedSize: number; archiveSize: number };

/** Textures and caches pack to a fifth; a hundredth of more than this many bytes is no job's. */
const MOST_RATIO = 100;
const RATIO_FROM_BYTES = 1024 ** 3;

export type Screened<E> = { ok: true; files: { path: RelativePath; entry: E }[] } | SubmissionRefusal;

/**
 * Decides by its table of contents alone whether an archive may be unpacked,
 * and which files of it are wanted. Pure: nothing was written yet.
 */
export function screenArchive<E extends ArchiveEntry>(
  entries: E[],
  { name: archive, size: archiveSize }: { name: string; size: number },
  limits: ArchiveLimits,
): Screened<E> {
  const files: { path: RelativePath; entry: E }[] = [];
  for (const entry of entries) {
    const path = entry.name.replace(/^(\.\/)+/, '');
    const problem = problemOf(path, entry);
    if (problem !== null) return refuse(archive, problem);
    if (path !== '' && !path.endsWith('/') && !isLeftover(path) && !limits.leftovers?.test(path))
      files.push({ path: path as RelativePath, entry });
  }
  const twice = findClash(files.map((file) => file.path));
  if (twice !== null) return refuse(archive, `it holds "${twice}" twice, or names that differ in case alone`);
  const size = files.reduce((sum, file) => sum + file.entry.size, 0);
  const packedSize = files.reduce((sum, file) => sum + file.entry.packedSize, 0);
  return refuseSize({ size, packedSize, archiveSize }, archive, limits) ?? { ok: true, files };
}

/** More than is taken here, or than anything honest can have been packed into so little. */
export const isTooMuch = (
  { size, packedSize }: Pick<ArchiveEntry, 'size' | 'packedSize'>,
  maxBytes: number,
): boolean => size > maxBytes || (size > RATIO_FROM_BYTES && size > packedSize * MOST_RATIO);

/** Null when that many bytes may be unpacked. */
export function refuseSize(
  { size, packedSize, archiveSize }: ArchiveSizes,
  archive: string,
  limits: ArchiveLimits,
): SubmissionRefusal | null {
  // Entries that lie in each other would let a few bytes count as many.
  if (packedSize > archiveSize) {
    return refuse(
      archive,
      `its files overlap: they would take ${inWords(packedSize)} of its ${inWords(archiveSize)}`,
    );
  }
  if (isTooMuch({ size, packedSize }, limits.maxBytes)) {
    return refuse(archive, `unpacked it would take ${inWords(size)}, which is too much`);
  }
  return size > limits.freeBytes ? noRoom(archive, size) : null;
}

const SYMLINK = 0o120000;
const FILE_TYPE = 0o170000;

function problemOf(path: string, entry: ArchiveEntry): string | null {
  const shown = JSON.stringify(entry.name.slice(0, 200));
  if (/^([/\\]|[a-z]:)/i.test(entry.name)) return `it names an absolute place on the disk, ${shown}`;
  const inside = path.replace(/\/$/, '');
  // "./" is the folder of all, which some programs write down too.
  if (path === '' && !entry.name.endsWith('/')) return 'it holds an entry without a name';
  if (path !== '' && (inside.length > 1_024 || !isSafeRelativePath(inside))) {
    return `the name ${shown} leads out of its folder, is too long or too deep, or has characters that are not allowed`;
  }
  if ((entry.mode & FILE_TYPE) === SYMLINK) return `${shown} is a link, not a file. Pack the file itself`;
  if (entry.encrypted) return `${shown} is encrypted. Pack it without a password`;
  if (!entry.readable)
    return `${shown} is packed in a way that is not known here. Pack it as an ordinary .zip`;
  return null;
}

/** What systems leave beside the files that matter. */
const isLeftover = (path: string): boolean =>
  /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/i.test(path);

/** A name that some worker's disk could not hold beside another one; null when there is none. */
function findClash(paths: string[]): string | null {
  // With a separator that sorts before all else, a name is followed by itself, or by what lies in it as a folder.
  const keyOf = (path: string) => path.normalize('NFC').toLowerCase().replaceAll('/', '\0');
  const sorted = paths
    .map((path) => ({ path, key: keyOf(path) }))
    .toSorted((a, b) => Number(a.key > b.key) - Number(a.key < b.key));
  const clash = sorted.find(({ key }, at) => {
    const next = sorted[at + 1]?.key;
    return next === key || next?.startsWith(`${key}\0`);
  });
  return clash?.path ?? null;
}

export const refuse = (archive: string, why: string): SubmissionRefusal => ({
  ok: false,
  code: 'bad-archive',
  message: `"${archive}" cannot be taken: ${why}.`,
});

const noRoom = (archive: string, size: number): SubmissionRefusal => ({
  ok: false,
  code: 'disk-full',
  message: `"${archive}" takes ${inWords(size)} unpacked, and the disk of the farm has less than that free. Free some space, or delete old jobs, then try again.`,
});
