import type { z } from 'zod';

/** No message of this farm is nested deeper; what is would overflow the stack of whoever walks through it. */
const DEEPEST = 64;

/** What came in over a border: the message, or in a few words where it is wrong. */
export type Parsed<T> = { ok: true; message: T } | { ok: false; issue: string };

/** Parses what another process said, as the value that JSON.parse made of it. Never throws. */
export function parseMessage<S extends z.ZodType>(schema: S, said: unknown): Parsed<z.output<S>> {
  const objection = objectionTo(said);
  if (objection !== null) return { ok: false, issue: objection };
  const parsed = schema.safeParse(said);
  if (parsed.success) return { ok: true, message: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  return { ok: false, issue: `${where}${issue?.message ?? ''}`.slice(0, 300) };
}

/** The same for its text. */
export function parseText<S extends z.ZodType>(schema: S, text: string): Parsed<z.output<S>> {
  try {
    return parseMessage(schema, JSON.parse(text));
  } catch {
    return { ok: false, issue: 'it is no JSON' };
  }
}

/**
 * Walks level by level, since a recursion would be what it is there to
 * prevent. Bytes are an object of as many values, and Socket.IO lets a short
 * message name one attachment many times: no message of this farm has any.
 */
function objectionTo(value: unknown): string | null {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === DEEPEST) return `it is nested more than ${DEEPEST} deep`;
    if (level.some(isBytes)) return 'it holds bytes';
    level = level.flatMap((it) => Object.values(it).filter(isNested));
  }
  return null;
}

const isBytes = (value: object): boolean => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;
