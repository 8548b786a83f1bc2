import { lstat, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, ownerName } from '../limits/process-life.ts';
import { removeFolder } from './remove-folder.ts';

/**
 * Makes a folder of this process's own below `parent`, whose name begins with `prefix` and tells whose it is; those that
 * processes of this machine left there, which were ended before they could remove them, are removed first.
 */
export async function makeOwnFolder(parent: string, prefix: string): Promise<string> {
  await removeLeft(parent, prefix);
  return mkdtemp(join(parent, `${prefix}${ownerName(process.pid)}-`));
}

async function removeLeft(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const owner = name.startsWith(prefix) ? /^(.+)-\w+$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (owner === undefined || !hasEnded(owner)) continue;
    const path = join(parent, name);
    const found = await lstat(path).catch(() => null);
    // Somebody else may call theirs so, in a folder that everybody writes to.
    if (found === null || !found.isDirectory() || found.uid !== process.getuid?.()) continue;
    // Another process that starts may be at it as well.
    await removeFolder(path).catch(() => undefined);
  }
}
