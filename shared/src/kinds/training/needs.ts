import { GANG } from '../../model/gang.ts';
import { type Capabilities, meets, type Requirement } from '../../model/requirement.ts';
import { PACKAGES, PYTHONS } from './packages.ts';

/** What a worker has to have to run a script that imports these modules. */
export const requirementsOf = (modules: readonly string[]): Requirement[] => [
  { key: 'kinds', op: 'includes', value: 'training' },
  ...modules.map((value): Requirement => ({ key: 'training.modules', op: 'includes', value })),
];

/** What a worker lacks that does not meet it. */
export function needInWords({ key, value }: Requirement): string | null {
  if (key === 'kinds') return 'Python 3 with numpy';
  if (key === GANG) return 'an address for trainings of mode ddp';
  if (key === PACKAGES)
    return value === 'index' ? 'leave to fetch Python packages' : 'pip, to install Python packages';
  if (key === PYTHONS) return `Python ${value}`;
  return key === 'training.modules' ? `the Python module ${value}` : null;
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
  const problem = pythonProblem(able, needs);
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

/** That no worker has the Python that was asked for, or can install packages for it. */
function pythonProblem(able: readonly Capabilities[], needs: readonly Requirement[]) {
  const nowhere = (key: string) =>
    needs.find((need) => need.key === key && !able.some((worker) => meets(worker, need)))?.value;
  const python = nowhere(PYTHONS);
  if (python !== undefined) {
    const message = `No worker of this farm has Python ${python}. PILOT_PYTHON names another Python of a worker.`;
    return { code: 'python-missing', message };
  }
  const way = nowhere(PACKAGES);
  if (way === undefined) return null;
  const message =
    way === 'index'
      ? 'The script brings requirements, and no worker of this farm may fetch packages. Its owner allows it with PILOT_PACKAGE_INDEX, such as https://pypi.org/simple; or send the packages along as wheels (--wheels).'
      : 'The script brings requirements, and no worker of this farm can install packages: their Python has no pip of version 23 or later (Debian: apt install python3-venv).';
  return { code: 'packages-missing', message };
}

const hasModule = (worker: Capabilities, value: string): boolean =>
  meets(worker, { key: 'training.modules', op: 'includes', value });
