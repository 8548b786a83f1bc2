import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Engine } from './engine.ts';
import type { ImageUsers } from './image-users.ts';
import { isLeftBehind } from './names.ts';

/** Stores of podman that are the farm's own: of images that are run, and of those that are fetched or built. */
export type StoreName = 'loaded' | 'making';

/** What the engine works with, and `cut`, to be called where it was ended in the middle. */
type Work<T> = (env: Record<string, string>, cut: () => void) => Promise<T>;

/**
 * Podman copies what it is given to a temporary folder, and a layer stays in its store when it is killed before the image
 * is whole; it has no command for either. So each piece of work has a folder for its copies, which tells by its name whose
 * it is: one of a process that has ended says that the store is to be begun anew.
 */
export type Unfinished = {
  /** Has the engine write to a store, which stays until that is over. */
  during<T>(store: StoreName, work: Work<T>): Promise<T>;
  /** Clears what processes left that have ended; a store that another worker uses is left to the next who begins. */
  clear(): Promise<void>;
};

export type UnfinishedParts = { engine: Engine; folder: string; users: ImageUsers; newName(): string };

export function createUnfinished({ engine, folder, users, newName }: UnfinishedParts): Unfinished {
  const { stores } = engine;
  const copies = (store: StoreName): string => join(folder, 'copies', store);
  return {
    async during(store, work) {
      if (stores === null) return work({}, () => {});
      const using = await users.use(store);
      const own = join(copies(store), newName());
      await mkdir(own, { recursive: true, mode: 0o700 });
      let whole = true;
      try {
        return await work({ TMPDIR: own }, () => {
          whole = false;
        });
      } finally {
        await removeAll(engine, own);
        // Empty, it says what is to be done once this process has ended.
        if (!whole) await mkdir(own);
        await using.end();
      }
    },
    async clear() {
      if (stores === null) return;
      for (const store of ['loaded', 'making'] as const) {
        const left = await leftIn(copies(store));
        if (left.length === 0) continue;
        const cleared = await users.unlessUsed(store, () => removeAll(engine, stores[store]));
        for (const path of left) {
          await removeAll(engine, path);
          if (!cleared) await mkdir(path);
        }
      }
    },
  };
}

/** Folders whose process has ended, and that nothing which it started works in any more. */
async function leftIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => isLeftBehind(name));
  if (names.length === 0) return [];
  const environments = await environmentsOfAll();
  return names
    .map((name) => join(folder, name))
    .filter((path) => !environments.some((one) => one.includes(`TMPDIR=${path}`)));
}

/** Of the processes that may be looked at: one's own are among them. */
async function environmentsOfAll(): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
}

/** Files of a rootless podman belong to users that only it may act as. */
async function removeAll({ command, env, rootless }: Engine, path: string): Promise<void> {
  if (rootless)
    await execa(command, ['unshare', 'rm', '-rf', '--', path], { env, extendEnv: false, reject: false });
  await rm(path, { recursive: true, force: true });
}
