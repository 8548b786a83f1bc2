import { pathOf } from './file-paths.ts';
import type { FilePart, SiteKind } from './kind.ts';

type Named = Pick<File, 'name' | 'size'>;
type Kind = Pick<SiteKind, 'name' | 'files' | 'asks' | 'marks'>;

/** A file and the part it plays in the job; of a part of many files, the path is the part. */
export type GivenFile<F extends Named = File> = { part: string; file: F };

export type Gathered<K extends Kind, F extends Named> =
  | { ok: true; kind: K; files: GivenFile<F>[]; missing: FilePart[] }
  | { ok: false; message: string };

/**
 * Makes one submission of the files that were there already and those that were
 * just given. What a script says it is for comes first, and what is made of any
 * file last. What fits together stays, a new file replaces the old one of the
 * same part, and a kind that has all it needs comes before one that waits for more.
 * `script` is the text of the scripts, null where none was given.
 */
export function gatherFiles<K extends Kind, F extends Named>(
  kinds: readonly K[],
  held: readonly F[],
  fresh: readonly F[],
  script: string | null = null,
): Gathered<K, F> {
  const problem = problemOf(kinds, fresh);
  if (problem !== null) return { ok: false, message: problem };
  const [best] = kinds
    .flatMap((kind) => fit(kind, held, fresh) ?? [])
    .sort(
      (a, b) =>
        rankOf(a.kind, script) - rankOf(b.kind, script) ||
        a.lost - b.lost ||
        a.missing.length - b.missing.length,
    );
  if (best === undefined)
    return { ok: false, message: `These files make no job together. ${wantedOf(kinds)}` };
  const { kind, files, missing } = best;
  return { ok: true, kind, files, missing };
}

/** The kinds that these files would make a job of, with nothing missing or left over. */
export const kindsFor = <K extends Kind>(kinds: readonly K[], files: readonly Named[]): K[] =>
  kinds.filter((kind) => fit(kind, [], files)?.missing.length === 0);

/** What a kind still needs, beside these parts. */
export const missingOf = (kind: Pick<Kind, 'files'>, parts: readonly string[]): FilePart[] =>
  kind.files.filter(
    ({ name, optional, many }) => !optional && (many ? parts.length === 0 : !parts.includes(name)),
  );

function rankOf(kind: Kind, script: string | null): number {
  if (kind.marks !== null && script !== null) return kind.marks.test(script) ? 0 : 3;
  return takesAny(kind) ? 2 : 1;
}

const takesAny = ({ files }: Kind): boolean => files.some(({ extensions }) => extensions.includes(''));

const wantedOf = (kinds: readonly Kind[]): string => `Give ${kinds.map((kind) => kind.asks).join(', or ')}.`;

function problemOf(kinds: readonly Kind[], fresh: readonly Named[]): string | null {
  if (fresh.length === 0) return `That was not a file. ${wantedOf(kinds)}`;
  const known = kinds.flatMap((kind) => kind.files.flatMap((part) => [...part.extensions]));
  const unknown = fresh.find((file) => !known.some((extension) => endsWith(file, extension)));
  if (unknown !== undefined) return `"${unknown.name}" is none of ${[...new Set(known)].join(', ')}.`;
  // Among many an empty one may be meant: it makes a folder a package.
  const [empty] = fresh.length === 1 ? fresh.filter((file) => file.size === 0) : [];
  return empty === undefined ? null : `"${empty.name}" is empty.`;
}

/** Null where the new files are not all of this kind. `lost` counts old files that nothing replaces. */
function fit<K extends Kind, F extends Named>(kind: K, held: readonly F[], fresh: readonly F[]) {
  const taken = new Map<string, F>();
  for (const file of fresh) {
    const part = partOf(kind, file);
    const name = part && nameIn(part, file);
    if (name === undefined || taken.has(name) || (file.size === 0 && !part?.many)) return null;
    taken.set(name, file);
  }
  let lost = 0;
  for (const file of held) {
    const part = partOf(kind, file);
    if (part === undefined) lost += 1;
    else if (!taken.has(nameIn(part, file))) taken.set(nameIn(part, file), file);
  }
  const order = kind.files.map(({ name }) => name);
  const files = [...taken]
    .map(([part, file]): GivenFile<F> => ({ part, file }))
    .sort((a, b) => order.indexOf(a.part) - order.indexOf(b.part));
  return { kind, files, lost, missing: missingOf(kind, [...taken.keys()]) };
}

const nameIn = (part: FilePart, file: Named): string => (part.many ? pathOf(file) : part.name);

const partOf = (kind: Kind, file: Named): FilePart | undefined =>
  kind.files.find((part) => part.extensions.some((extension) => endsWith(file, extension)));

const endsWith = (file: Named, extension: string): boolean => file.name.toLowerCase().endsWith(extension);
