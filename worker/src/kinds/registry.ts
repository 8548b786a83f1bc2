import type { WorkerConfig } from '../config.ts';
import { blenderKind } from './blender/index.ts';
import type { WorkerKind } from './kind.ts';
import { trainingKind } from './training/index.ts';

/** Every kind of work this worker knows; the one line a new kind adds here. */
export const workerKinds = (config: WorkerConfig): WorkerKind[] => [
  blenderKind(config.blender === null ? {} : { blender: config.blender }),
  trainingKind(config.python === null ? {} : { python: config.python }),
];
