import type { Scalar } from '@parallel-pilot/shared/model/parameters.ts';
import { inText, withParameters } from '@parallel-pilot/shared/model/with-parameters.ts';

/** The same document made with other values of parameters. */
export type Made = { values: ReadonlyMap<string, Scalar>; document: unknown };

/** The document with places for the values, or where in it they are not simply put in, as keys from the top. */
export type Places = { ok: true; document: unknown } | { ok: false; at: (string | number)[] };

/**
 * Finds the places of parameters in a document by what it became with other values. Each of `made` has to have every
 * parameter at a value of its own; the first is the usual one. What comes out is tried on all of them.
 */
export function withPlaces(made: readonly Made[], at: (string | number)[] = []): Places {
  const documents = made.map(({ document }) => document);
  const [first] = documents;
  if (typeof first === 'object' && first !== null) return inside(made, at);
  if (documents.every((one) => one === first)) return { ok: true, document: first };
  for (const document of typeof first === 'string' ? texts(made) : slots(made)) {
    if (made.every((one) => withParameters(document, one.values) === one.document))
      return { ok: true, document };
  }
  return { ok: false, at };
}

function inside(made: readonly Made[], at: (string | number)[]): Places {
  const keys = made.map(({ document }) => keysOf(document));
  const [first = null] = keys;
  if (first === null || keys.some((one) => one === null || one.join('\n') !== first.join('\n')))
    return { ok: false, at };
  const isList = Array.isArray(made[0]?.document);
  const parts: [string, unknown][] = [];
  for (const key of first) {
    const under = made.map(({ values, document }) => ({
      values,
      document: (document as Record<string, unknown>)[key],
    }));
    const places = withPlaces(under, [...at, isList ? Number(key) : key]);
    if (!places.ok) return places;
    parts.push([key, places.document]);
  }
  return { ok: true, document: isList ? parts.map(([, part]) => part) : Object.fromEntries(parts) };
}

/** Null for what has none. */
const keysOf = (document: unknown): string[] | null =>
  typeof document !== 'object' || document === null ? null : Object.keys(document);

/** What the text may have been, with the longest values looked for first. */
function texts(made: readonly Made[]): string[] {
  return made.map(({ values, document }) => {
    const long = [...values].toSorted(([, a], [, b]) => String(b).length - String(a).length);
    const found = new Map(long.map(([name, value]) => [String(value), name]));
    const any = [...found.keys()].filter(Boolean).map(escaped);
    if (any.length === 0) return String(document);
    return String(document).replace(new RegExp(any.join('|'), 'g'), (value) =>
      inText(found.get(value) ?? ''),
    );
  });
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const slots = ([first]: readonly Made[]): object[] =>
  [...(first?.values.keys() ?? [])].map((name) => ({ parameter: name }));
