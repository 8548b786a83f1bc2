import { type Capabilities, meets, type Requirement } from '../../model/requirement.ts';
import { type Runtime, runtimeOf } from './name.ts';

const RUNS: Requirement = { key: 'kinds', op: 'includes', value: 'function' };
/** Of the list of what a worker runs handlers with. */
export const RUNTIMES_KEY = 'function.runtimes';

const WORDS: Record<Runtime, string> = { python: 'Python 3', javascript: 'Node.js' };

/** What a worker has to have to keep instances of it. */
export function requirementsOf(handler: string): Requirement[] {
  const runtime = runtimeOf(handler);
  return runtime === null ? [RUNS] : [RUNS, { key: RUNTIMES_KEY, op: 'includes', value: runtime }];
}

/** What a worker lacks that does not meet it. */
export function needInWords({ key, value }: Requirement): string | null {
  if (key === 'kinds') return 'a working sandbox for functions';
  return key === RUNTIMES_KEY ? WORDS[value as Runtime] : null;
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
  const runtime = needs.find(({ key }) => key === RUNTIMES_KEY)?.value as Runtime;
  const message = `No worker of this farm has ${WORDS[runtime]}. Install it on one, and start that worker again.`;
  return { code: 'program-missing', message };
}
