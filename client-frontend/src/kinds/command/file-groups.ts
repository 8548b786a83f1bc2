import type { Place } from './places.ts';

/** Files that may be inputs together: "inputs/*.wav", those of a folder of one ending. By how many they are. */
export function groupsOf(places: readonly Pick<Place, 'path'>[]): { pattern: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { path } of places) counts.set(patternOf(path), (counts.get(patternOf(path)) ?? 0) + 1);
  return [...counts].map(([pattern, count]) => ({ pattern, count })).sort((a, b) => b.count - a.count);
}

/** The files of a group, or of the largest where it is none; in the order of their names. */
export function filesLike<P extends Pick<Place, 'path'>>(pattern: string, places: readonly P[]): P[] {
  const groups = groupsOf(places);
  const group = groups.find((one) => one.pattern === pattern) ?? groups[0];
  return places
    .filter(({ path }) => patternOf(path) === group?.pattern)
    .sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

const patternOf = (path: string): string => path.replace(/[^/]*?(\.[^./]+)?$/, '*$1');
