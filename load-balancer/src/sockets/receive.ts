import { parseMessage } from '@parallel-pilot/shared/protocol/parse.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { Socket } from 'socket.io';
import type { z } from 'zod';

export type Ack = (reply: unknown) => void;

/**
 * Parses a message on arrival. One that does not fit is refused where a reply
 * is due, and noted; it never gets further. `handle` gets an acknowledgement
 * that may be nobody's.
 */
export function receive<S extends z.ZodType>(
  socket: Socket,
  name: string,
  schema: S,
  log: Log,
  handle: (message: z.infer<S>, ack: Ack) => void,
): void {
  socket.on(name, (...args: unknown[]) => {
    const last = args.at(-1);
    const ack: Ack = typeof last === 'function' ? (reply) => void last(reply) : () => {};
    const parsed = parseMessage(schema, args[0]);
    if (!parsed.ok) {
      log.warn({ event: 'message.invalid', message: name, issue: parsed.issue });
      ack(
        refusal('invalid-message', `The message "${name}" is not as the protocol has it: ${parsed.issue}.`),
      );
      return;
    }
    try {
      handle(parsed.message, ack);
    } catch (error) {
      // A fault of this process must not end it for all other workers, nor leave the sender without a word.
      log.error({ event: 'message.failed', message: name, err: error });
      ack(refusal('invalid-message'));
    }
  });
}
