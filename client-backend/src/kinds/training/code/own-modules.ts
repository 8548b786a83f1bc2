import { codeLines, importedModules } from '../script-imports.ts';

/** Texts of the Python files of a folder, by their paths in it. */
export type Texts = ReadonlyMap<string, string>;

/**
 * Modules that a script imports, by itself or through files of its own, and that are none of those. Files that it does
 * not reach, such as tests, need nothing. Own modules are found beside the script, and in the folder of all.
 */
export function foreignModules(entry: string, files: Texts): string[] {
  const roots = [...new Set([folderOf(entry), ''])];
  const own = ownNames(roots, files);
  const foreign = new Set<string>();
  const seen = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = files.get(path);
    if (seen.has(path) || text === undefined) continue;
    seen.add(path);
    for (const name of importedModules(text)) if (!own.has(name)) foreign.add(name);
    const from = path.split('/').slice(0, -1);
    for (const line of codeLines(text)) {
      for (const name of namesIn(line, from)) waiting.push(...filesOf(name, roots, files));
    }
  }
  return [...foreign];
}

const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');
/** Longer names of modules are none. */
const LONGEST_NAME = 1_024;

const joined = (...parts: string[]): string => parts.filter((part) => part !== '').join('/');

/** Names of modules, packages, and folders that Python takes for packages. */
const ownNames = (roots: readonly string[], files: Texts): Set<string> =>
  new Set(
    roots.flatMap((root) =>
      [...files.keys()]
        .filter((file) => root === '' || file.startsWith(`${root}/`))
        .map((file) => (root === '' ? file : file.slice(root.length + 1)).replace(/\.py$|\/.*/s, '')),
    ),
  );

/** `a/b` for a module a.b; from the folder of all where it begins with a slash. */
function namesIn(line: string, from: readonly string[]): string[] {
  const [, dots = '', module = '', what = ''] =
    /^\s*from[ \t]+(\.*)((?:[\p{L}_][\p{L}\p{N}_.]*)?)[ \t]+import\b(.*)/u.exec(line) ?? [];
  if (dots !== '' || module !== '') {
    const up = from.slice(0, Math.max(0, from.length - (dots.length - 1)));
    const base = dots === '' ? module.replaceAll('.', '/') : `/${joined(...up, ...module.split('.'))}`;
    const names = what.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
    return [base, ...names.slice(0, 1_000).map((name) => `${base === '/' ? '' : base}/${name}`)];
  }
  const imported = /^\s*import[ \t](.*)/u.exec(line)?.[1] ?? '';
  return imported
    .split(',')
    .flatMap((part) => /^\s*([\p{L}_][\p{L}\p{N}_.]*)/u.exec(part)?.[1]?.replaceAll('.', '/') ?? []);
}

/** The files that are run for a module: its own, and those of the packages that it is in. */
function filesOf(name: string, roots: readonly string[], files: Texts): string[] {
  const parts = name.split('/').filter((part) => part !== '');
  if (name.length > LONGEST_NAME) return [];
  const found = (name.startsWith('/') ? [''] : roots).flatMap((root) =>
    parts.flatMap((_, at) => {
      const path = joined(root, ...parts.slice(0, at + 1));
      return [`${path}/__init__.py`, ...(at === parts.length - 1 ? [`${path}.py`] : [])];
    }),
  );
  return found.filter((path) => files.has(path));
}
