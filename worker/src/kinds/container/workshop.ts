import { join } from 'node:path';
import { z } from 'zod';
import type { RunnerOptions } from '../kind.ts';
import { type Engine, findEngine } from './engine.ts';
import { createImageStore, type ImageStore, type StoreOptions } from './image-store.ts';
import { createImageUsers } from './image-users.ts';
import { removeLeftBehind } from './left-behind.ts';
import { createNames } from './names.ts';
import { createUnfinished, type Unfinished } from './unfinished.ts';

/** What all runners of a worker share that start something in containers. */
export type Workshop = {
  engine: Engine;
  images: ImageStore;
  unfinished: Unfinished;
  withoutShell: Set<string>;
  newName(): string;
  /** Why what earlier workers left was not cleared, as a sentence; null where it was. */
  notCleared: string | null;
};

/** The containers of a worker, opened when they are first asked for; null where it has no engine that works. */
export type Containers = () => Promise<Workshop | null>;

const Gigabytes = z.coerce.number().positive().default(20);

/** `PILOT_CONTAINER_OWN_IMAGES`, `PILOT_CONTAINER_GB`: see containerWorker. Throws an Error for people. */
export function containersOf(
  { PILOT_CONTAINER_OWN_IMAGES: own, PILOT_CONTAINER_GB: room }: Readonly<Record<string, string>>,
  hostFolder: string,
): Containers {
  const folder = join(hostFolder, 'containers');
  const gigabytes = Gigabytes.safeParse(room);
  if (!gigabytes.success)
    throw new Error('PILOT_CONTAINER_GB is what images may take, in GB: a number such as 20.');
  const limitBytes = gigabytes.data * 1000 ** 3;
  let opened: Promise<Workshop | null> | null = null;
  return () => {
    opened ??= openWorkshop({ folder, limitBytes }, createNames(process.pid), own === '1');
    return opened;
  };
}

/** The same for a runner, whose log has what went wrong when they were opened. */
export async function openFor(
  { onLog }: Pick<RunnerOptions, 'onLog'>,
  open: Containers,
): Promise<Workshop | null> {
  const shop = await open();
  if (shop !== null && shop.notCleared !== null) {
    onLog(shop.notCleared);
    shop.notCleared = null;
  }
  return shop;
}

async function openWorkshop(
  store: StoreOptions,
  newName: () => string,
  ownImages: boolean,
): Promise<Workshop | null> {
  const { folder } = store;
  const engine = await findEngine(folder, ownImages);
  if (engine === null) return null;
  const users = createImageUsers(join(folder, 'users'), newName);
  const unfinished = createUnfinished({ engine, folder, users, newName });
  await removeLeftBehind(engine);
  // What cannot be cleared now is tried at the next start: it takes room, and hinders nobody.
  const notCleared = await unfinished.clear().then<null, string>(
    () => null,
    (error: Error) => `What an earlier worker left in ${folder} could not be removed: ${error.message}`,
  );
  const images = createImageStore(engine, { users, unfinished }, store);
  return { engine, newName, withoutShell: new Set<string>(), images, unfinished, notCleared };
}
