import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * What the file holds from now on: these bytes, or what it held before. It is on the disk when this resolves, whole or
 * not at all, and of two that write at once one is the first, also after the process was killed in between.
 */
export async function writeOnce(path: string, bytes: Uint8Array | string): Promise<Buffer> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  // The name too: else a power cut could take it, and another thing be told afterwards.
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
  return readFile(path);
}

/** Null where there is no such file. */
export const readIfThere = (path: string): Promise<Buffer | null> =>
  readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
