import { z } from 'zod';
import { type Capabilities, meets, type Requirement } from '../model/requirement.ts';
import { SentBlob } from '../model/result-of.ts';
import { strictObject } from '../model/strict-object.ts';
import { StageInput } from '../protocol/stage-input.ts';
import type { ResultFile } from '../protocol/workers.ts';

/*
 * Python packages that a job needs beside what workers have, for whichever kind takes them. A stage of one chunk,
 * `environment`, makes them: a worker installs them with pip in a box and packs them into one file, which is an input of
 * all later stages. So they are made once, travel as any input does, and are the same on every worker.
 */

export const ENVIRONMENT = 'environment';
/** Name of the file that the stage makes, a .tar of the folder that Python finds the packages in. */
export const ENVIRONMENT_FILE = 'environment';
/** The wheel house among the inputs of the stage. */
export const WHEELS = 'wheels.zip';

/** Under which keys a worker says what it can do about packages, for the Python that work of a kind runs in. */
export type PackageKeys = {
  /** `wheels`: it makes environments of those that it is given; `index`: it fetches them, too. */
  sources: string;
  /** For which Pythons packages fit it: "3.11", and with its system and processor "3.11-linux-x86_64". */
  pythons: string;
};
export const packageKeys = (kind: string): PackageKeys => ({
  sources: `${kind}.packages`,
  pythons: `${kind}.pythons`,
});

export const MOST_LINES = 500;
/** Characters of a line with its hashes, of which a package with a file for each system has dozens. */
export const MOST_LINE = 16_000;
const LongLine = z.string().min(1).max(MOST_LINE);

/** A minor version: "3.11". */
export const PythonVersion = z.string().regex(/^3\.\d{1,2}$/, 'expected a version such as 3.11');

const SentFile = strictObject({ blob: SentBlob, fileName: z.string().min(1).max(255) });

/** What a user sends to have packages installed; fields of a submission. */
export const sentPackages = {
  /** A requirements.txt or pyproject.toml of the packages that it needs; null takes what workers have. */
  requirements: SentFile.nullable().default(null),
  /** A .zip of wheels that these packages are taken from; null has a worker fetch them. */
  wheels: SentFile.nullable().default(null),
  /** The Python that workers have to have, such as "3.11"; null takes any. */
  python: PythonVersion.nullable().default(null),
};
export type SentPackages = z.output<ReturnType<typeof strictObject<typeof sentPackages>>>;

/** What is asked for. `key`: equal for what comes to the same packages. */
export const Packages = z.object({
  /** Lines of a requirements.txt, without comments and options. */
  lines: z.array(LongLine).max(MOST_LINES),
  wheels: z.object({ blob: z.string(), fileName: z.string(), size: z.int().nonnegative() }).nullable(),
  key: z.string(),
});
export type Packages = z.infer<typeof Packages>;

export const EnvironmentSpec = z.object({
  lines: z.array(LongLine).max(MOST_LINES),
  /** Whether WHEELS is among the inputs. */
  wheels: z.boolean(),
  /** Installs also what the worker's own Python has, so that the environment needs nothing of whoever uses it. */
  whole: z.boolean().default(false),
});

const Name = z.string().max(200);

export const EnvironmentResult = z.object({
  /** Of a worker's Pythons, the one with system and processor. */
  python: Name,
  /** What was installed. */
  packages: z.array(z.object({ name: Name, version: Name })).max(2_000),
  /** What can be imported of it. */
  modules: z.array(Name).max(5_000),
  /** What the worker had that satisfied a requirement: workers that use the environment have to have it, too. */
  fromWorker: z.array(Name).max(2_000),
  seconds: z.number().nonnegative(),
});
export type EnvironmentResult = z.infer<typeof EnvironmentResult>;

const MOST_NAMED = 12;

/** What was installed, for people. */
export function installedNote({ packages, fromWorker }: EnvironmentResult) {
  const named = packages.slice(0, MOST_NAMED).map(({ name, version }) => `${name} ${version}`);
  const more = packages.length > MOST_NAMED ? [`${packages.length - MOST_NAMED} more`] : [];
  const installed = packages.length === 0 ? 'nothing' : [...named, ...more].join(', ');
  const had =
    fromWorker.length === 0 ? '' : ` Its Python had ${fromWorker.slice(0, MOST_NAMED).join(', ')} already.`;
  const message = `Installed ${installed}.${had}`;
  return { level: 'info' as const, code: 'packages-installed', message };
}

/** One that was made. */
export const Environment = EnvironmentResult.pick({ python: true, modules: true, fromWorker: true }).extend({
  input: StageInput,
});
export type Environment = z.infer<typeof Environment>;

/** Its place among the inputs. The hash tells a worker that it has it unpacked. */
export const environmentPath = (hash: string): string => `environment/${hash}.tar`;

/** The stage that makes it, beside what a worker needs for it. `whole`: see EnvironmentSpec. */
export const environmentStage = ({ lines, wheels, key }: Packages, whole = false) => ({
  name: ENVIRONMENT,
  spec: EnvironmentSpec.parse({ lines, wheels: wheels !== null, whole }),
  chunks: [{}],
  inputs: wheels === null ? [] : [StageInput.parse({ path: WHEELS, hash: wheels.blob, size: wheels.size })],
  affinity: `environment:${key}`,
});

/** What the only chunk of that stage came to, and what is told of it. */
export function madeEnvironment(made: { result: unknown; files: readonly ResultFile[] } | undefined) {
  const file = made?.files.find(({ name }) => name === ENVIRONMENT_FILE);
  if (made === undefined || file === undefined)
    throw new Error('packages were installed without a file of them');
  const result = EnvironmentResult.parse(made.result);
  const input = { path: environmentPath(file.hash), hash: file.hash, size: file.size };
  return { environment: Environment.parse({ ...result, input }), note: installedNote(result) };
}

/** That a worker has the Python that was asked for. */
export const pythonNeeds = ({ pythons }: PackageKeys, python: string | null): Requirement[] =>
  python === null ? [] : [{ key: pythons, op: 'includes', value: python }];

/** What a worker needs to make the environment. */
export const environmentNeeds = ({ sources }: PackageKeys, wheels: Packages['wheels']): Requirement[] => [
  { key: sources, op: 'includes', value: wheels === null ? 'index' : 'wheels' },
];

/** What a worker lacks that does not meet it; null for what is no need of packages. */
export function packageNeedInWords(
  { sources, pythons }: PackageKeys,
  { key, value }: Requirement,
): string | null {
  if (key === pythons) return `Python ${value}`;
  if (key !== sources) return null;
  return value === 'index' ? 'leave to fetch Python packages' : 'pip, to install Python packages';
}

/** That no worker has the Python that was asked for, or can install packages for it; `what` brings requirements. */
export function packagesProblem(
  { sources, pythons }: PackageKeys,
  able: readonly Capabilities[],
  needs: readonly Requirement[],
  { what, chosen }: { what: string; chosen: string },
): { code: string; message: string } | null {
  const nowhere = (key: string) =>
    needs.find((need) => need.key === key && !able.some((worker) => meets(worker, need)))?.value;
  const python = nowhere(pythons);
  if (python !== undefined)
    return { code: 'python-missing', message: `No worker of this farm has Python ${python}. ${chosen}` };
  const way = nowhere(sources);
  if (way === undefined) return null;
  const message =
    way === 'index'
      ? `${what} brings requirements, and no worker of this farm may fetch packages. Its owner allows it with PILOT_PACKAGE_INDEX, such as https://pypi.org/simple; or send the packages along as wheels (--wheels).`
      : `${what} brings requirements, and no worker of this farm can install packages: their Python has no pip of version 23 or later (Debian: apt install python3-venv).`;
  return { code: 'packages-missing', message };
}
