import type { FilePart, SiteKind } from './kind.ts';

type Named = Pick<File, 'name' | 'size'>;
type Kind = Pick<SiteKind, 'name' | 'files' | 'asks'>;

/** A file and the part it plays in the job. */
export type GivenFile<F extends Named = File> = { part: string; file: F };

export type Gathered<K extends Kind, F extends Named> =
  | { ok: true; kind: K; files: GivenFile<F>[]; missing: FilePart[] }
  | { ok: false; message: string };

/**
 * Makes one submission of the files that were there already and those that were
 * just given. What fits together stays, a new file replaces the old one of the
 * same part, and a kind that has all it needs comes before one that waits for more.
 */
export function gatherFiles<K extends Kind, F extends Named>(
  kinds: readonly K[],
  held: readonly F[],
  fresh: readonly F[],
): Gathered<K, F> {
  const problem = problemOf(kinds, fresh);
  if (problem !== null) return { ok: false, message: problem };
  const [best] = kinds
    .flatMap((kind) => fit(kind, held, fresh) ?? [])
    .sort((a, b) => a.lost - b.lost || a.missing.length - b.missing.length);
  if (best === undefined)
    return { ok: false, message: `These files make no job together. ${wantedOf(kinds)}` };
  const { kind, files, missing } = best;
  return { ok: true, kind, files, missing };
}

const wantedOf = (kinds: readonly Kind[]): string => `Give ${kinds.map((kind) => kind.asks).join(', or ')}.`;

function problemOf(kinds: readonly Kind[], fresh: readonly Named[]): string | null {
  if (fresh.length === 0) return `That was not a file. ${wantedOf(kinds)}`;
  const known = kinds.flatMap((kind) => kind.files.flatMap((part) => [...part.extensions]));
  const unknown = fresh.find((file) => !known.some((extension) => endsWith(file, extension)));
  if (unknown !== undefined) return `"${unknown.name}" is none of ${[...new Set(known)].join(', ')}.`;
  const empty = fresh.find((file) => file.size === 0);
  return empty === undefined ? null : `"${empty.name}" is empty.`;
}

/** Null where the new files are not all of this kind. `lost` counts old files that nothing replaces. */
function fit<K extends Kind, F extends Named>(kind: K, held: readonly F[], fresh: readonly F[]) {
  const taken = new Map<string, F>();
  for (const file of fresh) {
    const part = partOf(kind, file);
    if (part === undefined || taken.has(part.name)) return null;
    taken.set(part.name, file);
  }
  let lost = 0;
  for (const file of held) {
    const part = partOf(kind, file);
    if (part === undefined) lost += 1;
    else if (!taken.has(part.name)) taken.set(part.name, file);
  }
  const files = kind.files.flatMap(({ name }): GivenFile<F>[] => {
    const file = taken.get(name);
    return file === undefined ? [] : [{ part: name, file }];
  });
  return {
    kind,
    files,
    lost,
    missing: kind.files.filter(({ name, optional }) => !optional && !taken.has(name)),
  };
}

const partOf = (kind: Kind, file: Named): FilePart | undefined =>
  kind.files.find((part) => part.extensions.some((extension) => endsWith(file, extension)));

const endsWith = (file: Named, extension: string): boolean => file.name.toLowerCase().endsWith(extension);
