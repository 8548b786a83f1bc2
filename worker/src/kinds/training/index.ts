import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { WorkerKind } from '../kind.ts';
import { capabilitiesOf, type FoundPython, findPython } from './detect.ts';
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
  const find = (sandbox: Sandbox): Promise<FoundPython | null> => {
    looked ??= findPython(options.python ?? null, sandbox);
    return looked;
  };
  return {
    name: 'training',
    async detect(sandbox) {
      const found = await find(sandbox);
      return found === null ? {} : capabilitiesOf(found);
    },
    timeLimit,
    createRunner: (runner) =>
      createTrainingRunner({
        ...runner,
        python: async () => (await find(runner.sandbox))?.python ?? null,
      }),
  };
}
