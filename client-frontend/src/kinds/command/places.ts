import type { Named } from '../../api/submission-state.ts';

/** A file that goes along, by where it will lie. */
export type Place = { part: string; path: string; size: number };

/** Where the files will lie: as in the folder that was given, which itself is where the command starts. */
export function placesOf(files: Named['files']): Place[] {
  const tops = new Set(
    files.map(({ part }) => (part.includes('/') ? part.slice(0, part.indexOf('/') + 1) : '')),
  );
  const [top = ''] = tops.size === 1 ? tops : [];
  return files.map(({ part, size }) => ({ part, path: part.slice(top.length), size }));
}

const PROGRAMS: readonly [RegExp, string][] = [
  [/\.py$/i, 'python3'],
  [/\.[cm]?js$/i, 'node'],
  [/\.sh$/i, 'bash'],
  [/\.r$/i, 'Rscript'],
  [/\.pl$/i, 'perl'],
  [/\.rb$/i, 'ruby'],
  [/\.jl$/i, 'julia'],
  [/\.lua$/i, 'lua'],
  [/\.php$/i, 'php'],
];

/** The command to begin with: what is most likely the script, with its program. */
export function likelyCommand(places: readonly Place[]): string {
  const scripts = places.flatMap(({ path }) => {
    const program = PROGRAMS.find(([ending]) => ending.test(path))?.[1];
    return program === undefined ? [] : [{ path, program, rank: rankOf(path) }];
  });
  const [first] = scripts.sort((a, b) => a.rank - b.rank);
  if (first === undefined) return '';
  return `${first.program} ${/^[\w./-]+$/.test(first.path) ? first.path : `'${first.path}'`}`;
}

/** A script called main, and what lies at the top, are likelier to be the one. */
const rankOf = (path: string): number =>
  path.split('/').length * 2 - (/(^|\/)(main|run|__main__)\.\w+$/i.test(path) ? 1 : 0);
