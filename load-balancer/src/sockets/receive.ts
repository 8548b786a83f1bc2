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
    const parsed = schema.safeParse(args[0]);
    if (parsed.success) {
      try {
        handle(parsed.data, ack);
      } catch (error) {
        // A fault of this process must not end it for all other workers.
        log.error({ event: 'message.failed', message: name, err: error });
      }
      return;
    }
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : ` (${[name, ...issue.path].join('.')}: ${issue.message})`;
    log.warn({ event: 'message.invalid', message: name, issue: where });
    ack(refusal('invalid-message', `The message does not have the form the protocol gives it${where}.`));
  });
}
