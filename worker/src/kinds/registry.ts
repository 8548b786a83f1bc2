import { blenderWorker } from './blender/index.ts';
import { commandWorker } from './command/index.ts';
import { containerWorker } from './container/index.ts';
import { type Containers, containersOf } from './container/workshop.ts';
import { functionWorker } from './function/index.ts';
import type { WorkerKind } from './kind.ts';
import { trainingWorker } from './training/index.ts';

type MakeKind = (
  settings: Readonly<Record<string, string>>,
  hostFolder: string,
  containers: Containers,
) => WorkerKind;

/**
 * Every kind of work this worker knows, made with its settings by variable; the one line a new kind adds here. All that
 * run something in containers share what starts them.
 */
const KINDS: readonly MakeKind[] = [
  blenderWorker,
  trainingWorker,
  commandWorker,
  containerWorker,
  functionWorker,
];

type Config = {
  kindSettings: Readonly<Record<string, string>>;
  /** What workers of this machine keep for each other; a kind has a folder of its own name's plural in it, or none. */
  hostFolder: string;
};

/** What this worker can be asked for. `config` is a WorkerConfig. */
export const workerKinds = ({ kindSettings, hostFolder }: Config): WorkerKind[] => {
  const containers = containersOf(kindSettings, hostFolder);
  return KINDS.map((kind) => kind(kindSettings, hostFolder, containers));
};
