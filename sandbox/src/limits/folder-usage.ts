import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** `bytes` that the disk counts or that the file says it has, whichever is more: a file with holes is full once it is sent. */
export type FolderUsage = { bytes: number; files: number };

const TOO_MUCH: FolderUsage = { bytes: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY };

/**
 * How much the folders hold, links not followed. Stops counting beyond `most`:
 * whoever asks wants to know no more than that it is too much. So is what
 * cannot be looked into: a folder closed to its owner, or deeper than a path
 * can say. No honest program makes those.
 */
export async function folderUsage(folders: readonly string[], most: FolderUsage): Promise<FolderUsage> {
  const usage: FolderUsage = { bytes: 0, files: 0 };
  const left = [...folders];
  try {
    for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
      for await (const entry of await open(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) left.push(path);
        usage.bytes += await bytesOf(path);
        usage.files += 1;
        if (usage.bytes > most.bytes || usage.files > most.files) return usage;
      }
    }
  } catch {
    return TOO_MUCH;
  }
  return usage;
}

const open = (folder: string) =>
  opendir(folder).catch((error) => (isGone(error) ? [] : Promise.reject(error)));

const bytesOf = async (path: string): Promise<number> => {
  try {
    const { size, blocks } = await lstat(path);
    return Math.max(size, (blocks ?? 0) * 512);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
};

/** The child removes files while they are counted. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
