import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, showsTooMuch } from '@parallel-pilot/sandbox/box/program.ts';
import type { ChildOptions } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment, searchPath } from '@parallel-pilot/sandbox/child/config.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';

/** A Python by its path, with the folders that it has to see beside the system's. */
export type Python = { command: string; read: string[] };

/** `pilot.py`, and the worker's own part. */
export const PILOT_FOLDER = fileURLToPath(new URL('python', import.meta.url));

/**
 * The Pythons of this machine that may have numpy, the likeliest first;
 * `chosen` leaves no choice. Of a place that holds more than the Python, a
 * home for instance, only the Python's own part is seen.
 */
export function candidates(chosen: string | null, sandbox: Sandbox): Python[] {
  const hidden = sandbox.level === 'none' ? [] : sandbox.host.hidden;
  const names = chosen === null ? ['python3', '/usr/bin/python3'] : [chosen];
  const found = names.flatMap((name) => {
    const program = findProgram(name, searchPath());
    return program === null ? [] : [program];
  });
  const distinct = found.filter(({ real }, index) => found.findIndex((it) => it.real === real) === index);
  return distinct.map(({ given, real }) => ({ command: given, read: foldersOf(given, real, hidden) }));
}

/**
 * What a Python that is not the system's needs to be seen: the virtual
 * environment that the program is called from, and the installation below it.
 */
function foldersOf(given: string, real: string, hidden: readonly string[]): string[] {
  const environment = prefixOf(given);
  const installation = prefixOf(real);
  const isEnvironment = environment !== null && existsSync(join(environment, 'pyvenv.cfg'));
  const needed = [
    ...(isEnvironment ? [{ prefix: environment, program: given }] : []),
    ...(installation ? [{ prefix: installation, program: real }] : []),
  ];
  const folders = needed.flatMap(({ prefix, program }) =>
    showsTooMuch(prefix, hidden) ? partsOf(prefix, program) : [prefix],
  );
  return [...new Set(folders)];
}

function partsOf(prefix: string, program: string): string[] {
  const libraries = ['lib', 'lib64'].flatMap((name) => {
    const folder = join(prefix, name);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.filter((it) => /^(lib)?python3/.test(it)).map((it) => join(folder, it));
  });
  return [program, join(prefix, 'pyvenv.cfg'), ...libraries].filter((path) => existsSync(path));
}

/** `/opt/python` for `/opt/python/bin/python3`; null for the system's own, which is seen anyway. */
function prefixOf(program: string): string | null {
  const folder = dirname(program);
  if (basename(folder) !== 'bin') return null;
  const prefix = dirname(folder);
  return ['/', '/usr', '/usr/local'].includes(prefix) || !existsSync(join(prefix, 'lib')) ? null : prefix;
}

/** Where a module of the worker's own part runs: with what, in which box, seeing what beside the Python. */
type Place = {
  python: Python;
  sandbox: Sandbox;
  threads: number;
  workspace: Workspace;
  limits: Limits;
  read?: readonly string[];
};

/** What `pilot_worker.<module>` is started with; `call` is what is called of it. */
export const pythonProgram = (
  { python, sandbox, threads, workspace, limits, read = [] }: Place,
  module: string,
  call = 'main()',
): Pick<ChildOptions, 'command' | 'args' | 'env' | 'confinement'> => ({
  command: python.command,
  args: [
    '-B',
    '-c',
    `import sys; sys.path[0] = ${JSON.stringify(PILOT_FOLDER)}\nfrom pilot_worker import ${module}; ${module}.${call}`,
  ],
  env: pythonEnvironment(sandbox, threads),
  confinement: { sandbox, workspace, read: [PILOT_FOLDER, ...python.read, ...read], limits },
});

export function pythonEnvironment(sandbox: Sandbox, threads: number): Record<string, string> {
  const count = String(Math.max(1, Math.floor(threads)));
  const pools = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'BLIS'].map((name) => [`${name}_NUM_THREADS`, count]);
  return {
    ...childEnvironment(sandbox),
    ...Object.fromEntries(pools),
    VECLIB_MAXIMUM_THREADS: count,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUTF8: '1',
    // Sets in a script come in the same order every time.
    PYTHONHASHSEED: '0',
    MPLBACKEND: 'Agg',
  };
}
