import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { KEYS } from '@parallel-pilot/shared/kinds/training/needs.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { type PackageIndex, readPackageIndex } from '../../packages/package-index.ts';
import { unpackedForSlots } from '../../packages/unpacked.ts';
import type { Remembered, WorkerKind } from '../kind.ts';
import { type FoundPython, findPython } from './detect.ts';
import { createTrainingRunner } from './runner.ts';
import { tidyNowAndThen } from './secure/tidy.ts';
import { timeLimit } from './time-limit.ts';

export type TrainingKindOptions = {
  /** The Python to use: a path, or a name to look up in PATH. Left out, the best one of this machine. */
  python?: string;
  /** Where packages may be fetched; left out, nowhere. */
  index?: PackageIndex | null;
};

/**
 * Trains a user's Python script on shards of data and merges what comes of it.
 * Capabilities: `training.python` "3.11.2", `training.numpy`, `training.torch`
 * where it is there, and `training.modules`: what a script may import. None
 * without a Python that has numpy, and on Windows, which has no fork.
 */
export function trainingKind(options: TrainingKindOptions = {}): WorkerKind {
  const { index = null } = options;
  const unpackedOf = unpackedForSlots();
  let tidying: NodeJS.Timeout | null = null;
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
      return withIndex((await looked)?.capabilities ?? {}, index);
    },
    timeLimit,
    createRunner(runner) {
      // Once for all slots, which share what outlives the worker.
      if (runner.kept !== undefined && tidying === null)
        tidying = tidyNowAndThen(runner.kept, Date.now, runner.onLog);
      return createTrainingRunner({
        ...runner,
        index,
        unpacked: unpackedOf(runner),
        python: async () => {
          looked ??= look(runner.sandbox);
          return (await looked)?.python ?? null;
        },
      });
    },
  };
}

/**
 * The kind by the settings of a worker: `PILOT_PYTHON` is the path of the Python to use instead of the one that is found,
 * `PILOT_PACKAGE_INDEX` where packages may be fetched. Throws an Error for people.
 */
export function trainingWorker(settings: Readonly<Record<string, string>>): WorkerKind {
  const { PILOT_PYTHON: python, PILOT_PACKAGE_INDEX: index } = settings;
  const read = readPackageIndex(index);
  if (!read.ok) throw new Error(read.message);
  return trainingKind({ ...(python === undefined ? {} : { python }), index: read.index });
}

/** What a worker that can install packages may fetch, too. */
const withIndex = (found: Capabilities, index: PackageIndex | null): Capabilities =>
  index === null || !(KEYS.sources in found) ? found : { ...found, [KEYS.sources]: ['wheels', 'index'] };
