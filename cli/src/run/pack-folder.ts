import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SentenceError } from '../sentence-error.ts';

export type PackedFolder = { path: string; remove(): Promise<void> };

/** The same for every packing, so that equal files make an equal archive, which the farm knows again. */
const DATE = new Date('2000-01-01T00:00:00Z');

/**
 * Packs a folder into a .zip in a folder of its own below `parent`. What jobs
 * are made of hardly compresses: the bytes are stored as they are. A link is
 * packed as what it points at. A file whose name ends with `needed` must be there.
 */
export async function packFolder(
  { folder, needed }: { folder: string; needed: string },
  parent: string,
  onProgress: (packed: number, total: number) => void,
  signal: AbortSignal,
): Promise<PackedFolder> {
  return packFiles(folder, await filesOf(folder, needed), parent, onProgress, signal);
}

/** Packs files of a folder, named by their paths in it. */
export async function packFiles(
  folder: string,
  files: readonly string[],
  parent: string,
  onProgress: (packed: number, total: number) => void,
  signal: AbortSignal,
): Promise<PackedFolder> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const place = await mkdtemp(join(parent, 'packed-'));
  const path = join(place, `${basename(resolve(folder))}.zip`);
  const remove = () => rm(place, { recursive: true, force: true });
  try {
    // Loaded here: it is large, and most runs have a single file.
    const { ZipArchive } = await import('archiver');
    // One after the other, so that their order is always the same.
    const zip = new ZipArchive({ store: true, statConcurrency: 1 });
    // A file that cannot be read is only a warning to the library: the job would be sent without it.
    zip.on('warning', (error) => zip.destroy(error));
    zip.on('progress', ({ entries }) => onProgress(entries.processed, files.length));
    for (const file of files) {
      // By its real path: of a link the library would pack the link.
      const from = await realpath(join(folder, file));
      zip.file(from, { name: file.split(sep).join('/'), date: DATE });
    }
    await Promise.all([pipeline(zip, createWriteStream(path, { mode: 0o600 }), { signal }), zip.finalize()]);
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** More are not one job; the farm takes no larger archive either. */
const MOST_FILES = 10_000;

async function filesOf(folder: string, needed: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const isFile = entry.isSymbolicLink() ? await pointsAtFile(path) : entry.isFile();
    if (isFile) files.push(relative(folder, path));
    if (files.length > MOST_FILES) {
      throw new SentenceError(`${folder} holds more than ${MOST_FILES} files. Give the folder of one job.`);
    }
  }
  if (files.some((file) => file.toLowerCase().endsWith(needed))) return files.sort();
  throw new SentenceError(`${folder} is a folder without a ${needed} in it.`);
}

const pointsAtFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
