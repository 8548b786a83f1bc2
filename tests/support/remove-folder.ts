import { rm } from 'node:fs/promises';

/**
 * Removes a folder that processes of a test wrote to. What they started dies a moment after them, podman's own clean-up
 * for one, and may still put a file into a folder that is being removed.
 */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
