import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Remembered, WorkerKind } from '../kind.ts';
import { type FoundPython, findPython } from './detect.ts';
import { createTrainingRunner } from './runner.ts';
import { timeLimit } from './time-limit.ts';

export type TrainingKindOptions = {
  /** The Python to use: a path, or a name to look up in PATH. Left out, the best one of this machine. */
  python?: string;
};

/**
 * Trains a user's Python script on shards of data and merges what comes of it.
 * Capabilities: `training.python` "3.11.2", `training.numpy`, `training.torch`
 * where it is there, and `training.modules`: what a script may import. None
 * without a Python that has numpy, and on Windows, which has no fork.
 */
export function trainingKind(options: TrainingKindOptions = {}): WorkerKind {
  let looked: Promise<FoundPython | null> | null = null;
  const look = (sandbox: Sandbox, remembered?: Remembered): Promise<FoundPython | null> =>
    findPython(options.python ?? null, sandbox, remembered);
  return {
    name: 'training',
    program: {
      name: 'Python with numpy',
      variable: 'PILOT_PYTHON',
      chosen: options.python ?? null,
      install: 'on Debian or Ubuntu: apt install python3-numpy',
    },
    async detect(sandbox, remembered) {
      looked = look(sandbox, remembered);
      return (await looked)?.capabilities ?? {};
    },
    timeLimit,
    createRunner: (runner) =>
      createTrainingRunner({
        ...runner,
        python: async () => {
          looked ??= look(runner.sandbox);
          return (await looked)?.python ?? null;
        },
      }),
  };
}

/** The kind by the settings of a worker: `PILOT_PYTHON` is the path of the Python to use instead of the one that is found. */
export const trainingWorker = ({ PILOT_PYTHON: python }: Readonly<Record<string, string>>): WorkerKind =>
  trainingKind(python === undefined ? {} : { python });
