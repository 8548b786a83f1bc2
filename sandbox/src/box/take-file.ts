import { constants } from 'node:fs';
import { chmod, type FileHandle, open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export type Taken =
  | { ok: true; bytes: number }
  /** `message` is a sentence for the owner of the job. */
  | { ok: false; reason: 'absent' | 'no-file' | 'too-large'; message: string };

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
  if (/[/\\]|^\.{0,2}$/.test(name)) throw new Error(`not the name of a file: ${name}`);
  // What an earlier try left there must never pass for this one's.
  await rm(target, { force: true });
  const file = await open(join(folder, name), FLAGS).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'absent' as const;
    // ELOOP: a link. ENXIO: a socket. EACCES: the child closed it to itself.
    if (['ELOOP', 'EMLINK', 'ENXIO', 'EACCES', 'EISDIR'].includes(error.code ?? ''))
      return 'no-file' as const;
    throw error;
  });
  if (file === 'absent')
    return { ok: false, reason: 'absent', message: `The file "${name}" was not written.` };
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

const noFile = (name: string): Taken => ({
  ok: false,
  reason: 'no-file',
  message: `What was written as "${name}" is not a plain file.`,
});

const tooLarge = (name: string, maxBytes: number): Taken => ({
  ok: false,
  reason: 'too-large',
  message: `The file "${name}" is larger than ${Math.round(maxBytes / 1e6)} MB.`,
});
