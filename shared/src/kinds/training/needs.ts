import { GANG } from '../../model/gang.ts';
import { type Capabilities, meets, type Requirement } from '../../model/requirement.ts';
import { packageKeys, packageNeedInWords, packagesProblem } from '../../packages/packages.ts';

export const KEYS = packageKeys('training');

/** What a worker has to have to run a script that imports these modules. */
export const requirementsOf = (modules: readonly string[]): Requirement[] => [
  { key: 'kinds', op: 'includes', value: 'training' },
  ...modules.map((value): Requirement => ({ key: 'training.modules', op: 'includes', value })),
];

/** What a worker lacks that does not meet it. */
export function needInWords(need: Requirement): string | null {
  const { key, value } = need;
  if (key === 'kinds') return 'Python 3 with numpy';
  if (key === GANG) return 'an address for trainings of mode ddp';
  if (key === 'training.modules') return `the Python module ${value}`;
  return packageNeedInWords(KEYS, need);
}

/** Why none of these workers can run the job, null where one can or none is connected. */
export function fleetProblem(
  fleet: readonly Capabilities[],
  needs: readonly Requirement[],
): { code: string; message: string } | null {
  if (fleet.length === 0 || fleet.some((worker) => needs.every((need) => meets(worker, need)))) return null;
  const able = fleet.filter((worker) => meets(worker, { key: 'kinds', op: 'includes', value: 'training' }));
  if (able.length === 0) {
    const message =
      'No worker of this farm can train: they lack Python 3 with numpy. Install it on a worker (Debian: apt install python3-numpy python3-torch) and start the worker again.';
    return { code: 'python-missing', message };
  }
  const problem = packagesProblem(KEYS, able, needs, {
    what: 'The script',
    chosen: 'PILOT_PYTHON names another Python of a worker.',
  });
  if (problem !== null) return problem;
  const wanted = needs.filter((need) => need.key === 'training.modules').map((need) => String(need.value));
  const nowhere = wanted.filter((name) => !able.some((worker) => hasModule(worker, name)));
  const list = (nowhere.length > 0 ? nowhere : wanted).map((name) => `"${name}"`).join(', ');
  const message =
    nowhere.length > 0
      ? `The script imports ${list}, which no worker of this farm has. Install ${nowhere.length === 1 ? 'it' : 'them'} for the Python of a worker and start the worker again. Files of your own beside the script are sent along with --code.`
      : `The script imports ${list}. Each of them is on some worker, but no worker has all of them.`;
  return { code: 'module-missing', message };
}

const hasModule = (worker: Capabilities, value: string): boolean =>
  meets(worker, { key: 'training.modules', op: 'includes', value });
