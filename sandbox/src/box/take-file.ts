import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { chmod, type FileHandle, lstat, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Loaded, Taken } from '../sandbox.ts';

/** Neither follows a link nor waits at a pipe. Windows has no such flags, and no sandbox. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What is read and written at once. */
const PIECE = 1_048_576;

/**
 * Copies the plain file `name` of `folder`, a folder that a child could write,
 * to `target`. Of what the file says it holds at most `maxBytes` are taken,
 * and a hole stays a hole: the copy takes no more of the disk than the file.
 */
export async function takeFile(
  folder: string,
  name: string,
  target: string,
  maxBytes: number,
): Promise<Taken> {
  const loaded = await loadFile(folder, name, target, maxBytes);
  if (!loaded.ok) return loaded;
  if (loaded.held !== null) await writeFile(target, loaded.held, { mode: 0o600 });
  return { ok: true, bytes: loaded.bytes };
}

/** The same, but a small file is not written. */
export const loadFile = smallOr(copyFile);

/** The same, but a large file is moved: `target` is on the same disk. */
export const claimFile = smallOr(moveFile);

type BringFile = (folder: string, name: string, target: string, maxBytes: number) => Promise<Taken>;

function smallOr(bringLarge: BringFile) {
  return async (folder: string, name: string, target: string, maxBytes: number): Promise<Loaded> => {
    mustBeName(name);
    // What an earlier try left there must never pass for this one's.
    removeFile(target);
    const small = loadSmall(join(folder, name), maxBytes);
    if (small !== null) return { ok: true, bytes: small.length, held: small };
    const brought = await bringLarge(folder, name, target, maxBytes);
    return brought.ok ? { ...brought, held: null } : brought;
  };
}

async function copyFile(folder: string, name: string, target: string, maxBytes: number): Promise<Taken> {
  const file = await openFile(join(folder, name));
  if (file === 'absent') return absent(name);
  if (file === 'no-file') return noFile(name);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return noFile(name);
    if (stats.size > maxBytes) return tooLarge(name, maxBytes);
    const hasHoles = stats.blocks * 512 < stats.size && process.platform === 'linux';
    await (hasHoles ? copyWithHoles : copy)(file, target, stats.size);
    return { ok: true, bytes: stats.size };
  } finally {
    await file.close();
  }
}

/** Moves the plain file `name` of `folder`, which no child can write any more, to `target` on the same disk. */
export async function moveFile(
  folder: string,
  name: string,
  target: string,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Taken> {
  mustBeName(name);
  const file = await openFile(join(folder, name));
  if (file === 'absent') return absent(name);
  if (file === 'no-file') return noFile(name);
  try {
    const stats = await file.stat();
    const { size, dev, ino } = stats;
    // By a second name it could be changed later.
    if (!stats.isFile() || stats.nlink !== 1) return noFile(name);
    if (size > maxBytes) return tooLarge(name, maxBytes);
    await file.chmod(0o600);
    if (process.getuid?.() === 0) await file.chown(0, 0);
    await rename(join(folder, name), target);
    const moved = await lstat(target);
    if (moved.dev === dev && moved.ino === ino) return { ok: true, bytes: size };
    await rm(target, { recursive: true, force: true });
    return noFile(name);
  } finally {
    await file.close();
  }
}

/**
 * A plain file of no more than a piece; null for anything else. At once: a program waits for it, and asking Node's
 * thread pool four times takes several times as long.
 */
function loadSmall(path: string, maxBytes: number): Buffer | null {
  let file: number;
  try {
    file = openSync(path, FLAGS);
  } catch {
    // Whoever looks again finds out why.
    return null;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || stats.size > Math.min(PIECE, maxBytes)) return null;
    // A file that grows meanwhile is cut where it was.
    const bytes = Buffer.allocUnsafe(stats.size);
    return bytes.subarray(0, readSync(file, bytes, 0, stats.size, 0));
  } finally {
    closeSync(file);
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function openFile(path: string): Promise<FileHandle | 'absent' | 'no-file'> {
  return await open(path, FLAGS).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'absent' as const;
    // ELOOP: a link. ENXIO: a socket. EACCES: the child closed it to itself.
    if (['ELOOP', 'EMLINK', 'ENXIO', 'EACCES', 'EISDIR'].includes(error.code ?? ''))
      return 'no-file' as const;
    throw error;
  });
}

function mustBeName(name: string): void {
  if (/[/\\]|^\.{0,2}$/.test(name)) throw new Error(`not the name of a file: ${name}`);
}

const absent = (name: string): Taken & { ok: false } => ({
  ok: false,
  reason: 'absent',
  message: `The file "${name}" was not written.`,
});

/** A file that grows meanwhile is cut where it was. */
async function copy(from: FileHandle, target: string, size: number): Promise<void> {
  const to = await open(target, 'w', 0o600);
  try {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, size));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, size - at), at);
      if (bytesRead === 0) break;
      await writeAll(to, piece.subarray(0, bytesRead), at);
      at += bytesRead;
    }
  } finally {
    await to.close();
  }
}

/** Node cannot ask where the holes are, and reads through all of them; the `cp` of coreutils can. */
async function copyWithHoles(from: FileHandle, target: string, size: number): Promise<void> {
  // By what is open, not by its name: the child could put something else there.
  const source = `/proc/${process.pid}/fd/${from.fd}`;
  const copied = await execa('cp', ['--sparse=auto', '--no-target-directory', '--', source, target], {
    reject: false,
    preferLocal: false,
    maxBuffer: 4_096,
  });
  if (copied.exitCode !== 0) throw new Error(`A file could not be copied to ${target}: ${copied.stderr}`);
  await chmod(target, 0o600);
  await truncate(target, size);
}

async function writeAll(to: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await to.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

const noFile = (name: string): Taken & { ok: false } => ({
  ok: false,
  reason: 'no-file',
  message: `What was written as "${name}" is not a plain file.`,
});

const tooLarge = (name: string, maxBytes: number): Taken & { ok: false } => ({
  ok: false,
  reason: 'too-large',
  message: `The file "${name}" is larger than ${Math.round(maxBytes / 1e6)} MB.`,
});
