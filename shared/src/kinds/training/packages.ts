import { z } from 'zod';
import type { Requirement } from '../../model/requirement.ts';
import { StageInput } from '../../protocol/stage-input.ts';
import type { Note } from '../kind.ts';

/*
 * Packages that a script needs beside what workers have. A stage of one chunk, `environment`, makes them: a worker
 * installs them with pip in a box and packs them into one file, which is an input of all later stages. So they are
 * made once, travel as any input does, and are the same for every shard.
 */

export const ENVIRONMENT = 'environment';
/** Name of the file that the stage makes, a .tar of the folder that Python finds the packages in. */
export const ENVIRONMENT_FILE = 'environment';
/** The wheel house among the inputs of the stage. */
export const WHEELS = 'wheels.zip';

/** What a worker can do about packages: `wheels`, make environments of those that it is given; `index`, fetch them, too. */
export const PACKAGES = 'training.packages';
/** For which Pythons packages fit a worker: "3.11", and with its system and processor "3.11-linux-x86_64". */
export const PYTHONS = 'training.pythons';

export const MOST_LINES = 500;
const LongLine = z.string().min(1).max(1_000);

/** A minor version: "3.11". */
export const PythonVersion = z.string().regex(/^3\.\d{1,2}$/, 'expected a version such as 3.11');

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
});

const Name = z.string().max(200);

export const EnvironmentResult = z.object({
  /** Of PYTHONS, the one with system and processor. */
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
export function installedNote({ packages, fromWorker }: EnvironmentResult): Note {
  const named = packages.slice(0, MOST_NAMED).map(({ name, version }) => `${name} ${version}`);
  const more = packages.length > MOST_NAMED ? [`${packages.length - MOST_NAMED} more`] : [];
  const installed = packages.length === 0 ? 'nothing' : [...named, ...more].join(', ');
  const had =
    fromWorker.length === 0 ? '' : ` Its Python had ${fromWorker.slice(0, MOST_NAMED).join(', ')} already.`;
  return { level: 'info', code: 'packages-installed', message: `Installed ${installed}.${had}` };
}

/** One that was made. */
export const Environment = EnvironmentResult.pick({ python: true, modules: true, fromWorker: true }).extend({
  input: StageInput,
});
export type Environment = z.infer<typeof Environment>;

/** Its place among the inputs. The hash tells a worker that it has it unpacked. */
export const environmentPath = (hash: string): string => `environment/${hash}.tar`;

/** That it has the Python that was asked for. */
export const pythonNeeds = (python: string | null): Requirement[] =>
  python === null ? [] : [{ key: PYTHONS, op: 'includes', value: python }];

/** What a worker needs to make the environment. */
export const environmentNeeds = (wheels: Packages['wheels']): Requirement[] => [
  { key: PACKAGES, op: 'includes', value: wheels === null ? 'index' : 'wheels' },
];
