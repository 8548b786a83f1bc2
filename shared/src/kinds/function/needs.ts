import { type Capabilities, meets, type Requirement } from '../../model/requirement.ts';
import {
  environmentNeeds,
  packageKeys,
  packageNeedInWords,
  packagesProblem,
  pythonNeeds,
} from '../../packages/packages.ts';
import { type Runtime, runtimeOf } from './name.ts';
import type { FunctionSpec } from './spec.ts';

const RUNS: Requirement = { key: 'kinds', op: 'includes', value: 'function' };
/** Of the list of what a worker runs handlers with. */
export const RUNTIMES_KEY = 'function.runtimes';

export const KEYS = packageKeys('function');

const WORDS: Record<Runtime, string> = { python: 'Python 3', javascript: 'Node.js' };

type Needing = Pick<FunctionSpec, 'handler' | 'packages' | 'python' | 'environment'>;

/** What a worker has to have to keep instances of it. */
export function instanceNeeds({ handler, python, environment }: Needing): Requirement[] {
  const runtime = runtimeOf(handler);
  return [
    RUNS,
    ...(runtime === null ? [] : [{ key: RUNTIMES_KEY, op: 'includes' as const, value: runtime }]),
    ...pythonNeeds(KEYS, environment?.python ?? python),
  ];
}

/** What one has to have that begins with it: it installs the packages, where none has yet. */
export const firstNeeds = (spec: Needing): Requirement[] => [
  ...instanceNeeds(spec),
  ...(spec.packages === null || spec.environment !== null
    ? []
    : environmentNeeds(KEYS, spec.packages.wheels)),
];

/** What a worker lacks that does not meet it. */
export function needInWords(need: Requirement): string | null {
  if (need.key === 'kinds') return 'a working sandbox for functions';
  return need.key === RUNTIMES_KEY ? WORDS[need.value as Runtime] : packageNeedInWords(KEYS, need);
}

/** Why none of these workers can run it, null where one can or none is connected. */
export function fleetProblem(
  fleet: readonly Capabilities[],
  needs: readonly Requirement[],
): { code: string; message: string } | null {
  if (fleet.length === 0 || fleet.some((worker) => needs.every((need) => meets(worker, need)))) return null;
  if (!fleet.some((worker) => meets(worker, RUNS))) {
    const message =
      'No worker of this farm runs functions: that is for workers with a working sandbox (Linux with bubblewrap; "pilot workers" shows which), unless their owner does not lend them for it.';
    return { code: 'no-sandbox', message };
  }
  const able = fleet.filter((worker) => meets(worker, RUNS));
  const problem = packagesProblem(KEYS, able, needs, {
    what: 'The function',
    chosen: 'Its workers run handlers with the python3 of their PATH.',
  });
  if (problem !== null) return problem;
  const runtime = needs.find(({ key }) => key === RUNTIMES_KEY)?.value as Runtime;
  const message = `No worker of this farm has ${WORDS[runtime]}. Install it on one, and start that worker again.`;
  return { code: 'program-missing', message };
}
