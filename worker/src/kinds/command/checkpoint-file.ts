import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MOST_LISTED_CHARACTERS, PackedFile } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import { z } from 'zod';
import { isDiskFull } from '../../disk-full.ts';
import type { OutputFile } from '../kind.ts';
import { addFile, createDataFile, leftFiles } from './data-file.ts';

/*
 * What lies in the folder of --checkpoint, as one file: the bytes of its files one behind the other, then their list as
 * JSON (PackedFile[]), then the length of that list in 12 digits.
 */
const DIGITS = 12;
const MOST_LIST_BYTES = 4 * MOST_LISTED_CHARACTERS;

/** Packs what an ended run has left there; null where that is nothing, or more than can be listed. */
export async function packCheckpoint(folder: string, outputs: string): Promise<OutputFile | null> {
  const left = await leftFiles(folder, MOST_LISTED_CHARACTERS).catch(() => null);
  if (left === null || !left.ok || left.files.length === 0) return null;
  const path = join(outputs, CHECKPOINT.name);
  const data = createDataFile(path);
  const list: [string, number][] = [];
  for (const { path: name } of left.files) {
    const size = await addFile(folder, name, data);
    // In the middle of being written, perhaps: the others may be enough.
    if (size !== null) list.push([name, size]);
  }
  const text = Buffer.from(JSON.stringify(list));
  await data.add(text);
  await data.add(Buffer.from(String(text.length).padStart(DIGITS, '0')));
  const bytes = await data.end();
  // Of what is handed back the outbox wants it on the disk, however small it is.
  if (bytes !== null) await writeFile(path, bytes, { mode: 0o600 });
  return { name: CHECKPOINT.name, path, mediaType: 'application/octet-stream' };
}

/** True while something lies there. */
export const hasCheckpoint = async (folder: string): Promise<boolean> =>
  (await readdir(folder).catch(() => [])).length > 0;

/**
 * Lays out below `folder`, which nobody else writes to yet, what an earlier lease left; `uid` is whose it is then. It comes
 * from another machine: throws BadCheckpoint where the list does not fit the bytes.
 */
export async function unpackCheckpoint(packed: string, folder: string, uid: number | null): Promise<void> {
  const file = await open(packed);
  try {
    await unpack(file, folder, uid);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    throw new BadCheckpoint(
      `The checkpoint that came from an earlier worker cannot be read: ${(error as Error).message.slice(0, 200)}`,
      { cause: error },
    );
  } finally {
    await file.close();
  }
}

/** Of another machine's making, and not as it should be. */
export class BadCheckpoint extends Error {}

async function unpack(file: FileHandle, folder: string, uid: number | null): Promise<void> {
  const { size: all } = await file.stat();
  const digits = await file.read(Buffer.alloc(DIGITS), 0, DIGITS, Math.max(0, all - DIGITS));
  const length = z.coerce.number().int().min(2).max(MOST_LIST_BYTES).parse(digits.buffer.toString());
  const total = all - DIGITS - length;
  const list = await file.read(Buffer.alloc(length), 0, length, Math.max(0, total));
  const files = z.array(PackedFile).parse(JSON.parse(list.buffer.toString()));
  if (files.reduce((sum, [, size]) => sum + size, 0) !== total)
    throw new Error('a checkpoint is not as long as it says');
  let at = 0;
  for (const [path, size] of files) {
    own(folder, dirname(path), uid);
    const target = await open(join(folder, path), 'wx', 0o644);
    try {
      await copy(file, target, { at, size });
      await target.chmod(0o644);
      if (uid !== null) await target.chown(uid, uid);
    } finally {
      await target.close();
    }
    at += size;
  }
}

const PIECE = 1024 ** 2;

async function copy(
  from: FileHandle,
  to: FileHandle,
  { at, size }: { at: number; size: number },
): Promise<void> {
  const piece = Buffer.allocUnsafe(Math.min(PIECE, size));
  for (let done = 0; done < size; ) {
    const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, size - done), at + done);
    if (bytesRead === 0) throw new Error('it ends too soon');
    await to.writeFile(piece.subarray(0, bytesRead));
    done += bytesRead;
  }
}

/** Makes the folders of a path below one that is there, for the user of the box. */
export function own(folder: string, path: string, uid: number | null): void {
  let at = folder;
  for (const name of path.split('/').filter((part) => part !== '.' && part !== '')) {
    at = join(at, name);
    mkdirSync(at, { recursive: true });
    chmodSync(at, 0o755);
    if (uid !== null) chownSync(at, uid, uid);
  }
}
