import { constants, createWriteStream } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export type Taken =
  | { ok: true; bytes: number }
  /** `message` is a sentence for the owner of the job. */
  | { ok: false; reason: 'absent' | 'no-file' | 'too-large'; message: string };

/** Neither follows a link nor waits at a pipe. Windows has no such flags, and no sandbox. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A file of so many bytes is not worth two streams. */
const AT_ONCE = 1_048_576;

/** Copies the plain file `name` of `folder`, a folder that a child could write, to `target`. */
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
    // A file that grows meanwhile is cut where it was.
    if (stats.size <= AT_ONCE) {
      const bytes = Buffer.allocUnsafe(stats.size);
      const { bytesRead } = await file.read(bytes, 0, stats.size, 0);
      await writeFile(target, bytes.subarray(0, bytesRead), { mode: 0o600 });
    } else {
      const read = file.createReadStream({ end: stats.size - 1, autoClose: false });
      await pipeline(read, createWriteStream(target, { mode: 0o600 }));
    }
    return { ok: true, bytes: stats.size };
  } finally {
    await file.close();
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
