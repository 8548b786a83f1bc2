import { constants } from 'node:fs';
import { chmod, type FileHandle, open, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';

/**
 * Has the server listen on a Unix socket of that name in `folder`, for the user of a box that sees the folder. The handle
 * is to be closed after the server.
 */
export async function listenInFolder(server: Server, folder: string, name: string): Promise<FileHandle> {
  const path = join(folder, name);
  await rm(path, { force: true });
  // The path of a Unix socket has 107 bytes at most, and a worker's folders are longer than that.
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(`/proc/self/fd/${handle.fd}/${name}`, resolve);
  await promise;
  // Inside is another user; the folder above keeps everybody else out.
  await chmod(path, 0o666);
  return handle;
}
