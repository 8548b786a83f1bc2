import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isLeftBehind } from './names.ts';

/**
 * Which of the machine's workers use which image, as files that tell by their names which process made them: what one
 * left that has ended counts for nothing.
 */
export type ImageUsers = {
  /** From now on the image stays, until `end` is called. Waits for one that just removes it. */
  use(id: string): Promise<{ end(): Promise<void> }>;
  /** Has `remove` called unless somebody uses the image, or begins to. Tells whether it was. */
  unlessUsed(id: string, remove: () => Promise<void>): Promise<boolean>;
};

const LOOK_MS = 100;

/** Whoever uses and whoever removes says so first and then looks for the other, so one of the two sees the other at least. */
export function createImageUsers(folder: string, newName: () => string): ImageUsers {
  const [using, removing] = ['using', 'removing'];
  const put = async (what: string, id: string): Promise<string> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${what}-${id}-${newName()}`);
    await writeFile(path, '');
    return path;
  };
  /** Whether a process that lives has said so. */
  async function isSaid(what: string, id: string): Promise<boolean> {
    const prefix = `${what}-${id}-`;
    const found = (await readdir(folder)).filter((name) => name.startsWith(prefix));
    const live = found.filter((name) => !isLeftBehind(name.slice(prefix.length)));
    for (const name of found.filter((one) => !live.includes(one)))
      await rm(join(folder, name), { force: true });
    return live.length > 0;
  }
  return {
    async use(id) {
      const path = await put(using, id);
      while (await isSaid(removing, id)) await setTimeout(LOOK_MS);
      return { end: () => rm(path, { force: true }) };
    },
    async unlessUsed(id, remove) {
      const path = await put(removing, id);
      try {
        if (await isSaid(using, id)) return false;
        await remove();
        return true;
      } finally {
        await rm(path, { force: true });
      }
    },
  };
}
