import { dirname } from 'node:path';
import type { SourceFile } from './source-files.ts';

/**
 * Circles of imports between what lies side by side in a folder: its files, and its folders with all that is in
 * them. Each is named `folder: member <-> member …`. Circles of files alone are left to the linter.
 */
export function circlesOf(files: readonly Pick<SourceFile, 'path' | 'imports'>[]): string[] {
  const graphs = new Map<string, Map<string, Set<string>>>();
  for (const { path, imports } of files) {
    for (const target of imports) {
      const split = fork(path, target);
      if (split === null) continue;
      const graph = graphs.get(split.folder) ?? new Map<string, Set<string>>();
      graphs.set(split.folder, graph);
      graph.set(split.from, (graph.get(split.from) ?? new Set()).add(split.to));
    }
  }
  return [...graphs]
    .flatMap(([folder, graph]) =>
      knotsIn(graph)
        .filter((knot) => knot.some((member) => !/\.tsx?$/.test(member)))
        .map((knot) => `${folder}: ${knot.toSorted().join(' <-> ')}`),
    )
    .toSorted();
}

/** The folder in which the ways to two files part, and what they go to there; null for one file, or two packages. */
function fork(from: string, to: string): { folder: string; from: string; to: string } | null {
  const [a, b] = [from.split('/'), to.split('/')];
  const at = a.findIndex((name, index) => name !== b[index]);
  return at < 1
    ? null
    : { folder: dirname(a.slice(0, at + 1).join('/')), from: a[at] ?? '', to: b[at] ?? '' };
}

/** Sets of more than one node, each of which reaches all others of its set. */
function knotsIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reaches = new Map([...graph.keys()].map((node) => [node, reachable(graph, node)]));
  const seen = new Set<string>();
  return [...graph.keys()].flatMap((node) => {
    if (seen.has(node)) return [];
    const knot = [...(reaches.get(node) ?? [])].filter((other) => reaches.get(other)?.has(node));
    for (const member of knot) seen.add(member);
    return knot.length > 1 ? [knot] : [];
  });
}

function reachable(graph: ReadonlyMap<string, ReadonlySet<string>>, from: string): Set<string> {
  const found = new Set<string>();
  const ways = [...(graph.get(from) ?? [])];
  for (let node = ways.pop(); node !== undefined; node = ways.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    ways.push(...(graph.get(node) ?? []));
  }
  return found;
}
