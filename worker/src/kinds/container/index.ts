import type { WorkerKind } from '../kind.ts';
import { engineFingerprint } from './engine.ts';
import { capabilitiesOf } from './engine-facts.ts';
import { createContainerRunner } from './runner.ts';
import { containersOf } from './workshop.ts';

type Settings = Readonly<Record<string, string>>;

/**
 * Runs commands in containers of images. Capabilities: see the kind's needs.ts. None without podman or docker, nor
 * without a working sandbox. `PILOT_CONTAINER_NETWORK=1`: the owner lets containers onto the network whose submitters
 * ask for it. `PILOT_CONTAINER_OWN_IMAGES=1`: jobs may use images that the machine has anyway. `PILOT_CONTAINER_GB`: what
 * images may take here, unpacked.
 */
export function containerWorker(
  settings: Settings,
  hostFolder: string,
  open = containersOf(settings, hostFolder),
): WorkerKind {
  const { PILOT_CONTAINER_NETWORK: network } = settings;
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
