import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, sep } from 'node:path';

/** How a program is called inside the sandbox, and what it needs to be seen for that. */
export type VisibleProgram = { command: string; read: string[] };

/**
 * The program by a path that exists inside. One that lies outside of what is
 * seen anyway brings its folder with it (a program unpacked somewhere), or
 * only itself where that folder would show too much.
 */
export function visibleProgram(
  paths: { given: string; real: string },
  seen: readonly string[],
  hidden: readonly string[],
): VisibleProgram {
  const isSeen = (path: string): boolean => seen.some((folder) => contains(folder, path));
  if (isSeen(paths.real)) return { command: isSeen(paths.given) ? paths.given : paths.real, read: [] };
  const folder = dirname(paths.real);
  return { command: paths.real, read: [showsTooMuch(folder, hidden) ? paths.real : folder] };
}

/** True for a folder that is, or holds, one that no child may see, by whatever name it is called. */
export function showsTooMuch(folder: string, hidden: readonly string[]): boolean {
  const real = realPath(folder);
  return real === '/' || hidden.some((path) => contains(real, path));
}

/** The path without links, as far as it exists. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** Where a program is: a path, or a name looked up in `searchPath`. Null when there is no such program. */
export function findProgram(command: string, searchPath: string): { given: string; real: string } | null {
  const folders = searchPath.split(delimiter).filter(isAbsolute);
  const candidates = command.includes(sep) ? [command] : folders.map((folder) => join(folder, command));
  for (const given of candidates) {
    try {
      accessSync(given, constants.X_OK);
      if (statSync(given).isFile()) return { given, real: realpathSync(given) };
    } catch {
      // Not here.
    }
  }
  return null;
}
