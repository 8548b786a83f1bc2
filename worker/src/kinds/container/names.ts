import { hasEnded, ownerName } from '@parallel-pilot/sandbox/limits/process-life.ts';

/** Names of containers, and of images that are built: which worker has them, and whether it still lives. */

export const NAME_PREFIX = 'pilot-';

/** Names for what this process makes. */
export function createNames(pid: number): () => string {
  const owner = `${NAME_PREFIX}${ownerName(pid)}`;
  let made = 0;
  return () => {
    made += 1;
    return `${owner}-${made}`;
  };
}

/** True for a name that was given by a process of this machine that has ended. */
export function isLeftBehind(name: string, machine?: Parameters<typeof hasEnded>[1]): boolean {
  const owner = /^pilot-(.+)-\d+$/.exec(name)?.[1];
  return owner !== undefined && hasEnded(owner, machine);
}
