import { join } from 'node:path';
import { z } from 'zod';
import type { WorkerKind } from '../kind.ts';
import { engineFingerprint, findEngine } from './engine.ts';
import { capabilitiesOf } from './engine-facts.ts';
import { createImageStore, type StoreOptions } from './image-store.ts';
import { createImageUsers } from './image-users.ts';
import { removeLeftBehind } from './left-behind.ts';
import { createNames } from './names.ts';
import { createContainerRunner, type Workshop } from './runner.ts';
import { createUnfinished } from './unfinished.ts';

const Gigabytes = z.coerce.number().positive().default(20);

type Settings = Readonly<Record<string, string>>;

/**
 * Runs commands in containers of images. Capabilities: see the kind's needs.ts. None without podman or docker, nor
 * without a working sandbox. `PILOT_CONTAINER_NETWORK=1`: the owner lets containers onto the network whose submitters
 * ask for it. `PILOT_CONTAINER_OWN_IMAGES=1`: jobs may use images that the machine has anyway. `PILOT_CONTAINER_GB`: what
 * images may take here, unpacked.
 */
export function containerWorker(
  { PILOT_CONTAINER_NETWORK: network, PILOT_CONTAINER_OWN_IMAGES: own, PILOT_CONTAINER_GB: room }: Settings,
  hostFolder: string,
): WorkerKind {
  const folder = join(hostFolder, 'containers');
  const newName = createNames(process.pid);
  const gigabytes = Gigabytes.safeParse(room);
  if (!gigabytes.success)
    throw new Error('PILOT_CONTAINER_GB is what images may take, in GB: a number such as 20.');
  const limitBytes = gigabytes.data * 1000 ** 3;
  let opened: Promise<Workshop | null> | null = null;
  const open = (): Promise<Workshop | null> => {
    opened ??= openWorkshop({ folder, limitBytes }, newName, own === '1');
    return opened;
  };
  return {
    name: 'container',
    async detect(sandbox, remembered) {
      if (sandbox.level !== 'bubblewrap') return {};
      const fingerprint = `2 ${await engineFingerprint()} ${network ?? ''}`;
      const known = await remembered?.recall(fingerprint);
      if (known !== undefined && known !== null) return known;
      const shop = await open();
      const found = shop === null ? {} : capabilitiesOf(shop.engine, network === '1');
      await remembered?.keep(fingerprint, found);
      return found;
    },
    // Each run has its own, and the worker's holds for all of a chunk.
    timeLimit: () => null,
    createRunner: (runner) => createContainerRunner(runner, open),
  };
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
  await unfinished.clear();
  const images = createImageStore(engine, { users, unfinished }, store);
  return { engine, newName, withoutShell: new Set<string>(), images, unfinished };
}
