import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSafeRelativePath } from '@parallel-pilot/shared/model/path.ts';

/** What is held in memory before it goes to the disk. */
const MOST_HELD = 1024 ** 2;
const PIECE = 1024 ** 2;

/** Bytes of several runs, one behind the other: in memory while they are few. */
export type DataFile = {
  readonly size: number;
  add(bytes: Buffer): Promise<void>;
  /** Forgets all behind so many bytes. */
  cut(size: number): void;
  /** All of it, where it is held; else null, and it lies at its path. */
  end(): Promise<Buffer | null>;
};

export function createDataFile(path: string): DataFile {
  let held: Buffer[] = [];
  let size = 0;
  let file: FileHandle | null = null;
  return {
    get size() {
      return size;
    },
    async add(bytes) {
      if (file === null && size + bytes.length <= MOST_HELD) {
        held.push(bytes);
        size += bytes.length;
        return;
      }
      if (file === null) {
        file = await open(path, 'w', 0o600);
        await writeAt(file, Buffer.concat(held).subarray(0, size), 0);
        held = [];
      }
      await writeAt(file, bytes, size);
      size += bytes.length;
    },
    cut(to) {
      size = Math.min(size, to);
      if (file === null) held = [Buffer.concat(held).subarray(0, size)];
    },
    async end() {
      if (file === null) return Buffer.concat(held);
      await file.truncate(size);
      await file.close();
      return null;
    },
  };
}

async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

/** A plain file that a run left, by its path in the folder for results. */
export type LeftFile = { path: string; size: number };
export type LeftFiles = { ok: true; files: LeftFile[] } | { ok: false; message: string };

/**
 * The plain files that an ended program has left in its folder, by name; links and whatever else is no plain file are
 * left out. `most` are characters of all paths together.
 */
export async function leftFiles(folder: string, most: number): Promise<LeftFiles> {
  const files: LeftFile[] = [];
  // In the place of its folder a program could have left a link to anywhere.
  if (!(await lstat(folder)).isDirectory()) return { ok: true, files };
  let characters = 0;
  const waiting = [''];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    const entries = await readdir(join(folder, at), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (!entry.isFile() && !entry.isDirectory()) continue;
      if (path.length > 1_024 || !isSafeRelativePath(path))
        return {
          ok: false,
          message: `It left a file whose name cannot be taken: ${JSON.stringify(path.slice(0, 200))}.`,
        };
      if (entry.isDirectory()) {
        waiting.push(path);
        continue;
      }
      characters += path.length + 16;
      if (characters > most)
        return {
          ok: false,
          message: `It left more files than can be listed (${files.length} and more). Have it put them into an archive, such as results.tar.`,
        };
      files.push({ path, size: 0 });
    }
  }
  return { ok: true, files };
}

/** Adds a file to the data; returns its bytes, or null where it is none that can be read. After the program has ended. */
export async function addFile(folder: string, path: string, data: DataFile): Promise<number | null> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(join(folder, path), flags).catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, size - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return null;
      await data.add(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    return size;
  } finally {
    await file.close();
  }
}
