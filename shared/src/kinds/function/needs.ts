import type { Capabilities, Requirement } from '../../model/requirement.ts';
import {
  environmentNeeds,
  packageKeys,
  packageNeedInWords,
  packagesProblem,
  pythonNeeds,
} from '../../packages/packages.ts';
import { boxedFleetProblem, programMissing } from '../boxed-fleet.ts';
import {
  fleetProblem as containerProblem,
  requirementsOf,
  needInWords as wordsOfContainers,
} from '../container/needs.ts';
import { type Runtime, runtimeOf } from './name.ts';
import type { FunctionSpec } from './spec.ts';

export const RUNS: Requirement = { key: 'kinds', op: 'includes', value: 'function' };
/** Of the list of what a worker runs handlers with. */
export const RUNTIMES_KEY = 'function.runtimes';

const [IN_IMAGE] = requirementsOf({ network: false });

export const KEYS = packageKeys('function');

const WORDS: Record<Runtime, string> = { python: 'Python 3', javascript: 'Node.js' };

type Needing = Pick<
  FunctionSpec,
  'handler' | 'packages' | 'python' | 'environment' | 'image' | 'network' | 'taken'
>;

/** What a worker has to have to keep instances of it. */
export function instanceNeeds({
  handler,
  python,
  environment,
  image,
  network,
  taken,
}: Needing): Requirement[] {
  const runtime = runtimeOf(handler);
  // The image brings what runs it.
  if (image !== null) return [RUNS, ...requirementsOf({ platform: taken?.platform, network })];
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
  if (need.key === 'kinds' && need.value !== RUNS.value) return wordsOfContainers(need);
  if (need.key === 'kinds') return 'a working sandbox for functions';
  return need.key === RUNTIMES_KEY ? WORDS[need.value as Runtime] : packageNeedInWords(KEYS, need);
}

/** Why none of these workers can run it, null where one can or none is connected. */
export const fleetProblem = (fleet: readonly Capabilities[], needs: readonly Requirement[]) =>
  boxedFleetProblem(fleet, needs, {
    runs: RUNS,
    what: 'functions',
    lacking(able) {
      const isInImage = needs.some(({ value }) => value === IN_IMAGE?.value);
      if (isInImage) return containerProblem(able, needs);
      const packages = packagesProblem(KEYS, able, needs, {
        what: 'The function',
        chosen: 'Its workers run handlers with the python3 of their PATH.',
      });
      const runtime = needs.find(({ key }) => key === RUNTIMES_KEY)?.value as Runtime | undefined;
      return packages ?? (runtime === undefined ? null : programMissing(WORDS[runtime]));
    },
  });
