import { totalmem } from 'node:os';
import type { WorkerKind } from '../kind.ts';
import { detectBlender } from './detect.ts';
import { createBlenderRunner, type RunnerLimits } from './runner.ts';

export type BlenderKindOptions = Partial<RunnerLimits> & {
  /** The Blender program: a path, or a name to look up in PATH. */
  blender?: string;
};

/**
 * Probes .blend files and renders their frames. Capabilities: `blender.version`
 * "3.4.1", `blender.engines` by Blender's own names, `blender.denoiser`,
 * `blender.devices` such as "CPU". By default a Blender is replaced after
 * 1,000 frames, or when it has grown beyond half of the machine's memory.
 */
export function blenderKind(options: BlenderKindOptions = {}): WorkerKind {
  const blender = options.blender ?? 'blender';
  const recycleBytes = options.recycleBytes ?? totalmem() / 2;
  const recycleFrames = options.recycleFrames ?? 1_000;
  return {
    name: 'blender',
    detect: async (sandbox) => await detectBlender(blender, sandbox),
    createRunner: (runner) => createBlenderRunner({ ...runner, blender, recycleBytes, recycleFrames }),
  };
}
