import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, showsTooMuch } from '@parallel-pilot/sandbox/box/program.ts';
import { searchPath } from '@parallel-pilot/sandbox/child/config.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { type Place, type Python, pythonModule } from '../../packages/python-module.ts';

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

/** What `pilot_worker.<module>` is started with; `beside` are further folders that it imports from. */
export const pythonProgram = (place: Place, module: string, beside: readonly string[] = []) =>
  pythonModule(place, { folders: [PILOT_FOLDER, ...beside], module: `pilot_worker.${module}` });
