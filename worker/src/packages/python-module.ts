import { fileURLToPath } from 'node:url';
import type { ChildOptions } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';

/** A Python by its path, with the folders that it has to see beside the system's. */
export type Python = { command: string; read: string[] };

/** What installs packages and unpacks them, as a folder that Python finds `pilot_packages` in. */
export const PACKAGES_FOLDER = fileURLToPath(new URL('python', import.meta.url));

/** Where a module of the worker's own runs: with what, in which box, seeing what beside the Python. */
export type Place = {
  python: Python;
  sandbox: Sandbox;
  threads: number;
  workspace: Workspace;
  limits: Limits;
  read?: readonly string[];
};

/** What a module is started with: it is found in one of the `folders`, and `call` is what is called of it. */
export const pythonModule = (
  { python, sandbox, threads, workspace, limits, read = [] }: Place,
  { folders, module, call = 'main()' }: { folders: readonly string[]; module: string; call?: string },
): Pick<ChildOptions, 'command' | 'args' | 'env' | 'confinement'> => {
  const [parent = '', name = ''] = module.split('.');
  const code = `import sys; sys.path[:1] = ${JSON.stringify(folders)}\nfrom ${parent} import ${name}; ${name}.${call}`;
  return {
    command: python.command,
    args: ['-B', '-c', code],
    env: pythonEnvironment(sandbox, threads),
    confinement: { sandbox, workspace, read: [...folders, ...python.read, ...read], limits },
  };
};

export function pythonEnvironment(sandbox: Sandbox, threads: number): Record<string, string> {
  const count = String(Math.max(1, Math.floor(threads)));
  const pools = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'BLIS'].map((name) => [`${name}_NUM_THREADS`, count]);
  return {
    ...childEnvironment(sandbox),
    ...Object.fromEntries(pools),
    VECLIB_MAXIMUM_THREADS: count,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUTF8: '1',
    // Sets come in the same order every time.
    PYTHONHASHSEED: '0',
    MPLBACKEND: 'Agg',
  };
}
