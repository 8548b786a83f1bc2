import { blenderWorker } from './blender/index.ts';
import { commandWorker } from './command/index.ts';
import { functionWorker } from './function/index.ts';
import type { WorkerKind } from './kind.ts';
import { trainingWorker } from './training/index.ts';

/** Every kind of work this worker knows, made with its settings by variable; the one line a new kind adds here. */
const KINDS: readonly ((settings: Readonly<Record<string, string>>) => WorkerKind)[] = [
  blenderWorker,
  trainingWorker,
  commandWorker,
  functionWorker,
];

/** What this worker can be asked for. `kindSettings` are those of a WorkerConfig. */
export const workerKinds = (config: { kindSettings: Readonly<Record<string, string>> }): WorkerKind[] =>
  KINDS.map((kind) => kind(config.kindSettings));
