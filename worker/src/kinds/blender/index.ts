import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { TimeLimit, WorkerKind } from '../kind.ts';
import { detectOnce } from './detect.ts';
import { createBlenderRunner, type RunnerLimits } from './runner.ts';

export type BlenderKindOptions = Partial<RunnerLimits> & {
  /** The Blender program: a path, or a name to look up in PATH. */
  blender?: string;
};

/** A frame may take days; to look into a file takes no longer than to open it. */
const PROBE: TimeLimit = {
  wallMs: 3_600_000,
  from: 'start',
  code: 'over-time',
  message: 'Looking into the file took longer than an hour, so it was ended.',
};

/**
 * Probes .blend files and renders their frames. Capabilities: `blender.version`
 * "3.4.1", `blender.engines` by Blender's own names, `blender.denoiser`,
 * `blender.devices` such as "CPU". By default a Blender is replaced after
 * 1,000 frames, or when it has grown beyond half of its slot's memory.
 */
export function blenderKind(options: BlenderKindOptions = {}): WorkerKind {
  const blender = options.blender ?? 'blender';
  const recycleFrames = options.recycleFrames ?? 1_000;
  return {
    name: 'blender',
    program: {
      name: 'Blender',
      variable: 'PILOT_BLENDER',
      chosen: options.blender ?? null,
      install: 'on Debian or Ubuntu: apt install blender',
    },
    detect: async (sandbox, remembered) => await detectOnce(blender, sandbox, remembered),
    gpus: gpusOf,
    takesAnyThreads: (stage) => stage === 'probe',
    timeLimit: ({ stage }) => (stage === 'probe' ? PROBE : null),
    createRunner(runner) {
      const { memoryBytes } = runner.limits ?? defaultLimits();
      const recycleBytes = options.recycleBytes ?? memoryBytes / 2;
      return createBlenderRunner({ ...runner, blender, recycleBytes, recycleFrames });
    },
  };
}

/** Blender lists the cards of a platform in the platform's order: the second "CUDA: NVIDIA RTX 4090" is another card. OptiX has those of CUDA once more. */
function gpusOf({ 'blender.devices': devices }: Capabilities): { name: string; device: string }[] {
  const counts = new Map<string, number>();
  return (Array.isArray(devices) ? devices : []).flatMap((line) => {
    const [, platform, name] = /^([A-Z]+): (.+)$/.exec(line) ?? [];
    if (platform === undefined || name === undefined || platform === 'OPTIX') return [];
    const number = counts.get(platform) ?? 0;
    counts.set(platform, number + 1);
    return [{ name, device: `${platform.toLowerCase()}:${number}` }];
  });
}

/** The kind by the settings of a worker: `PILOT_BLENDER` is the path of the Blender to use instead of the one that is found. */
export const blenderWorker = ({ PILOT_BLENDER: blender }: Readonly<Record<string, string>>): WorkerKind =>
  blenderKind(blender === undefined ? {} : { blender });
