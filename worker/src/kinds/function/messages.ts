import { CallId } from '@parallel-pilot/shared/model/ids.ts';
import { MOST_CALL_CHARACTERS } from '@parallel-pilot/shared/protocol/calls.ts';
import { z } from 'zod';

const Problem = z.string().max(4_000);

/** What the process of a handler says, a line each. */
export const HandlerMessage = z.union([
  z.object({ ready: z.literal(true) }),
  /** The handler cannot be loaded: why, as a sentence. */
  z.object({ broken: Problem }),
  /** What was printed, in a call or beside all of them. */
  z.object({ print: z.string(), call: CallId.nullable() }),
  z.object({ call: CallId, ok: z.literal(true), answer: z.string().max(MOST_CALL_CHARACTERS) }),
  /** One that does not fit into a line: it lies where it was to be left. */
  z.object({ call: CallId, ok: z.literal(true), left: z.literal(true) }),
  z.object({
    call: CallId,
    ok: z.literal(false),
    code: z.enum(['event-not-json', 'handler-error', 'not-json', 'answer-too-large']),
    message: Problem,
  }),
]);
export type HandlerMessage = z.infer<typeof HandlerMessage>;

/** An answer of that many characters, each of which may need six here. */
export const LONGEST_LINE = 6 * MOST_CALL_CHARACTERS + 1_024;
