import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Parts } from './parts.ts';

/** Where pictures made of a blob lie; whoever makes some forgets them with the blob. */
export const derivedPlace = ({ config }: Pick<Parts, 'config'>, hash: BlobHash, what: string): string =>
  join(config.dataFolder, 'thumbnails', hash.slice(0, 2), `${hash.slice(2)}-${what}`);

/** The path of a file that is made once and then kept: `make` writes it to the path that it is given. */
export async function derivedFile(
  { derived }: Pick<Parts, 'derived'>,
  path: string,
  make: (draft: string) => Promise<void>,
): Promise<string> {
  if (await exists(path)) return path;
  return derived(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    // Written beside its place and renamed, so that a killed process leaves no half picture to be served for ever.
    const draft = `${path}.${process.pid}`;
    try {
      await make(draft);
      await rename(draft, path);
      return path;
    } finally {
      await rm(draft, { force: true });
    }
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
