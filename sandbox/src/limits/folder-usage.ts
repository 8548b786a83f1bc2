import { type Dir, type Dirent, lstatSync, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

/** `bytes` that the disk counts or that the file says it has, whichever is more: a file with holes is full once it is sent. */
export type FolderUsage = { bytes: number; files: number };

/** Looked at between two turns of everything else that this process does: Node's thread pool would take several times as long. */
const AT_ONCE = 64;

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
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) left.push(path);
        usage.bytes += bytesOf(path);
        usage.files += 1;
        if (usage.bytes > most.bytes || usage.files > most.files) return usage;
        if (usage.files % AT_ONCE === 0) await turn();
      }
    }
  } catch {
    return TOO_MUCH;
  }
  return usage;
}

function* entriesOf(folder: string): Generator<Dirent> {
  const open = opened(folder);
  if (open === null) return;
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) yield entry;
  } finally {
    open.closeSync();
  }
}

function opened(folder: string): Dir | null {
  try {
    return opendirSync(folder);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function bytesOf(path: string): number {
  try {
    const { size, blocks } = lstatSync(path);
    return Math.max(size, (blocks ?? 0) * 512);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** The child removes files while they are counted. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
