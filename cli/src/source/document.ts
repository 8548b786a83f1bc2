import { distance } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { SentenceError } from '../sentence-error.ts';

/** What is wrong at a place of a file. */
export type Problem = { line: number; message: string };

/** A YAML or JSON file with the places of its parts; `file` is how messages call it. */
export type SourceDocument = {
  file: string;
  /** As it stands in the file. */
  text: string;
  value: unknown;
  /** The same, with numbers below this key as texts where they would be written otherwise: 3.10 and 1.0, not 3.1 and 1. */
  asWritten(key: string): unknown;
  /** The line, from 1 on, of what stands under these keys, or of what is nearest to it. */
  lineOf(path: readonly PropertyKey[]): number;
};

const MOST_CHARACTERS = 1_000_000;

/** Throws a SentenceError with a line for each thing that is wrong. */
export function readDocument(file: string, text: string): SourceDocument {
  if (text.length > MOST_CHARACTERS)
    refuse(file, [{ line: 1, message: 'this is too large for a pipeline.' }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): number => lines.linePos(offset).line;
  if (document.errors.length > 0)
    refuse(
      file,
      document.errors.slice(0, 10).map(({ code, message, pos }) => ({
        line: at(pos[0]),
        message:
          code === 'DUPLICATE_KEY'
            ? `"${wordAt(text, pos[0])}" stands here for a second time. Give one of the two another name.`
            : `${message}.`,
      })),
    );
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const holder = document.getIn(path.slice(0, length - 1) as unknown[], true) ?? document.contents;
      const key = path[length - 1];
      const pair = isMap(holder)
        ? holder.items.find(({ key: k }) => isScalar(k) && String(k.value) === String(key))
        : undefined;
      if (pair !== undefined && isScalar(pair.key) && pair.key.range != null) return at(pair.key.range[0]);
      const node = document.getIn(path.slice(0, length) as unknown[], true) as
        | { range?: [number] }
        | undefined;
      if (node?.range !== undefined) return at(node.range[0]);
    }
    return 1;
  };
  const asWritten = (key: string): unknown => {
    const below = document.getIn([key], true);
    if (isNode(below))
      visit(below, {
        Scalar(place, node) {
          if (place === 'key' || typeof node.value !== 'number') return;
          if (node.source !== undefined && node.source !== String(node.value)) node.value = node.source;
        },
      });
    return toJs(file, document);
  };
  return { file, text, value: toJs(file, document), asWritten, lineOf };
}

/** What stands in the document, as the schema has it. Throws a SentenceError with a line for each thing that is wrong. */
export function readAs<S extends z.ZodType>(
  schema: S,
  { file, value, lineOf }: SourceDocument,
  what: string,
): z.output<S> {
  if (value === null) return refuse(file, [{ line: 1, message: `${what}: the file is empty.` }]);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return refuse(
    file,
    parsed.error.issues.map((issue) => problemOf(issue, lineOf, what)),
  );
}

/** Ends with every problem in a line of its own: `heat.yaml:12: what is wrong`. */
export function refuse(file: string, problems: readonly Problem[]): never {
  const lines = [...problems]
    .sort((a, b) => a.line - b.line)
    // A question of ours has its own end.
    .map(({ line, message }) => `${file}:${line}: ${message.replace(/\?\.$/, '?')}`);
  throw new SentenceError([...new Set(lines)].slice(0, 20).join('\n'));
}

// Aliases that stand for each other a thousandfold are refused by the library.
function toJs(file: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return refuse(file, [{ line: 1, message: `${(error as Error).message}.` }]);
  }
}

function problemOf(issue: z.core.$ZodIssue, lineOf: SourceDocument['lineOf'], what: string): Problem {
  const where = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const line = lineOf([...issue.path, issue.keys[0] ?? '']);
    return { line, message: `${issue.message}.` };
  }
  const key = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return {
    line: lineOf(issue.path),
    message: `${where === '' ? what : where}: ${key ?? issue.message}.`,
  };
}

const wordAt = (text: string, at: number): string => /^["']?([^\s:"']*)/.exec(text.slice(at))?.[1] ?? '';

/** ", did you mean "simulate"?" where one of them is near, else which there are. */
export function nearest(word: string, known: readonly string[]): string {
  const [best] = known.map((name) => ({ name, far: distance(word, name) })).sort((a, b) => a.far - b.far);
  if (best !== undefined && best.far <= word.length / 2) return `did you mean "${best.name}"?`;
  return known.length === 0 ? 'there are none' : `there are ${known.slice(0, 12).join(', ')}`;
}
