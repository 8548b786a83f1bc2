import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** From here on what this process makes is its user's alone: databases, blobs, logs, sockets. */
export function makeFilesPrivate(): void {
  process.umask(0o077);
}

/** A file or folder that others could reach, and whether they still can. */
export type Exposed = { path: string; mode: string; mended: boolean };

const FOR_OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Makes the folder, or closes one that is there, then those of `names` that lie
 * in it: first itself, so that nobody else changes what is looked at next.
 * Deeper down, the closed folders are enough. Nothing of another user's is
 * changed, nor a folder for all such as /tmp. Throws what the file system
 * throws on making it.
 */
export async function keepPrivate(folder: string, names: readonly string[]): Promise<Exposed[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return closeAll([folder, ...names.map((name) => join(folder, name))]);
}

/** Takes from these what others may do with them; those that are not there are left out. */
export async function closeAll(paths: readonly string[]): Promise<Exposed[]> {
  const exposed: Exposed[] = [];
  if (process.platform === 'win32') return exposed;
  for (const path of paths) await close(path, exposed);
  return exposed;
}

/** For the log: what was open, and what is to be done where it still is. */
export const exposedSentence = ({ path, mode, mended }: Exposed): string =>
  mended
    ? `${path} could be reached by others on this machine (mode ${mode}); it is private now.`
    : `${path} can be reached by others on this machine (mode ${mode}), and is not this user's alone. Use a folder of its own, or make it private: chmod go= ${path}`;

async function close(path: string, exposed: Exposed[]): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  // A link may lead anywhere.
  if (found === null || !(found.isFile() || found.isDirectory())) return;
  if ((found.mode & FOR_OTHERS) === 0) return;
  const mine = found.uid === process.getuid?.() && (found.mode & STICKY) === 0;
  if (mine) await chmod(path, found.mode & 0o700);
  exposed.push({ path, mode: (found.mode & 0o7777).toString(8), mended: mine });
}
