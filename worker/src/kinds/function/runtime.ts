import { fileURLToPath } from 'node:url';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Runtime } from '@parallel-pilot/shared/kinds/function/name.ts';
import type { Python } from '../../packages/python-module.ts';
import { findCommand } from '../command/find-command.ts';

/** How a handler is started, and what the box has to show for that. */
export type RuntimeProgram = { command: string; args: string[]; read: string[]; env: Record<string, string> };

const file = (name: string): string => fileURLToPath(new URL(`runtimes/${name}`, import.meta.url));

/** Null where this machine has none. Node.js is there in any case: the worker runs in it. */
export function programOf(runtime: Runtime, sandbox: Sandbox, threads: number): RuntimeProgram | null {
  const env = { ...childEnvironment(sandbox), ...variablesOf(runtime, threads) };
  if (runtime === 'javascript') {
    const path = file('node-handler.mjs');
    return {
      command: process.execPath,
      args: ['--enable-source-maps', path],
      read: [path],
      env,
    };
  }
  const python = pythonOf(sandbox);
  if (python === null) return null;
  const path = file('python_handler.py');
  return {
    command: python.command,
    args: ['-B', '-u', path],
    read: [path],
    env,
  };
}

/** The same in a container: `words` by the PATH of its image, and what runs handlers as a file that it is shown. */
export type ImageProgram = {
  words: string[];
  file: { path: string; inside: string };
  variables: Record<string, string>;
};

export function programInImage(runtime: Runtime, threads: number): ImageProgram {
  const [program, name] =
    runtime === 'javascript'
      ? (['node', 'node-handler.mjs'] as const)
      : (['python3', 'python_handler.py'] as const);
  const inside = `/job/${name}`;
  // Older ones take a .js for CommonJS otherwise.
  const flags =
    runtime === 'javascript' ? ['--experimental-detect-module', '--enable-source-maps'] : ['-B', '-u'];
  const variables = variablesOf(runtime, threads);
  return { words: [program, ...flags, inside], file: { path: file(name), inside }, variables };
}

const variablesOf = (runtime: Runtime, threads: number): Record<string, string> => ({
  ...threadVariables(threads),
  ...(runtime === 'javascript'
    ? { UV_THREADPOOL_SIZE: '4', MALLOC_ARENA_MAX: '2', NODE_ENV: 'production' }
    : { PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' }),
});

/** The Python that handlers run in, and that packages are installed for; null without one. */
export function pythonOf(sandbox: Sandbox): Python | null {
  const command = findCommand('python3', sandbox);
  return command === null ? null : { command, read: [] };
}

function threadVariables(threads: number): Record<string, string> {
  const count = String(Math.max(1, Math.floor(threads)));
  const pools = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'BLIS'].map((name) => [`${name}_NUM_THREADS`, count]);
  return Object.fromEntries(pools);
}
