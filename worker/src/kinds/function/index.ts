import { RUNTIMES_KEY } from '@parallel-pilot/shared/kinds/function/needs.ts';
import type { WorkerKind } from '../kind.ts';
import { createFunctionRunner } from './runner.ts';
import { programOf } from './runtime.ts';

const YEARS_MS = 10 * 365 * 86_400_000;

/**
 * Keeps instances of functions. Capabilities: `function.runtimes`, what handlers may be written in here. None where
 * nothing keeps strangers' programs in: a worker without a working sandbox runs no functions.
 */
export const functionWorker = (): WorkerKind => ({
  name: 'function',
  detect: async (sandbox) =>
    sandbox.level === 'bubblewrap'
      ? {
          [RUNTIMES_KEY]: (['python', 'javascript'] as const).filter(
            (runtime) => programOf(runtime, sandbox, 1) !== null,
          ),
        }
      : {},
  // An instance lasts until it is told to end, and each of its calls has a time of its own.
  timeLimit: () => ({
    wallMs: YEARS_MS,
    from: 'start',
    code: 'over-time',
    message: 'It was ended for its age.',
  }),
  createRunner: createFunctionRunner,
});
