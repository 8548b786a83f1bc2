import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { KEYS, RUNTIMES_KEY } from '@parallel-pilot/shared/kinds/function/needs.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { ENVIRONMENT } from '@parallel-pilot/shared/packages/packages.ts';
import { findPip, sourcesOf } from '../../packages/find-sources.ts';
import { type PackageIndex, readPackageIndex } from '../../packages/package-index.ts';
import { unpackedForSlots } from '../../packages/unpacked.ts';
import type { Containers } from '../container/workshop.ts';
import type { WorkerKind } from '../kind.ts';
import { createFunctionRunner } from './runner.ts';
import { programOf, pythonOf } from './runtime.ts';

const YEARS_MS = 10 * 365 * 86_400_000;

/**
 * Keeps instances of functions. Capabilities: `function.runtimes`, what handlers may be written in here, and what it can
 * do about packages for its Python. None where nothing keeps strangers' programs in: a worker without a working sandbox
 * runs no functions.
 */
export function functionKind(
  index: PackageIndex | null = null,
  containers: Containers = async () => null,
): WorkerKind {
  const unpackedOf = unpackedForSlots();
  return {
    name: 'function',
    detect: async (sandbox) => (sandbox.level === 'bubblewrap' ? capabilitiesOf(sandbox, index) : {}),
    // An instance lasts until it is told to end, and each of its calls has a time of its own.
    timeLimit: ({ stage }) =>
      stage === ENVIRONMENT
        ? null
        : { wallMs: YEARS_MS, from: 'start', code: 'over-time', message: 'It was ended for its age.' },
    createRunner: (runner) =>
      createFunctionRunner({
        ...runner,
        ...{ index, containers },
        unpacked: unpackedOf(runner),
      }),
  };
}

/** The kind by the settings of a worker: `PILOT_PACKAGE_INDEX` is where packages may be fetched. Throws an Error for people. */
export function functionWorker(
  { PILOT_PACKAGE_INDEX: text }: Readonly<Record<string, string>>,
  _hostFolder: string,
  containers: Containers,
): WorkerKind {
  const read = readPackageIndex(text);
  if (!read.ok) throw new Error(read.message);
  return functionKind(read.index, containers);
}

async function capabilitiesOf(sandbox: Sandbox, index: PackageIndex | null): Promise<Capabilities> {
  const runtimes = (['python', 'javascript'] as const).filter(
    (runtime) => programOf(runtime, sandbox, 1) !== null,
  );
  const python = pythonOf(sandbox);
  const found = python === null ? null : await findPip(python, sandbox);
  return { [RUNTIMES_KEY]: runtimes, ...(found === null ? {} : sourcesOf(KEYS, found, index)) };
}
