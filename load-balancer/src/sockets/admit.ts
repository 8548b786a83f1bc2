import { REFUSALS, type RefusalCode } from '@parallel-pilot/shared/protocol/refusals.ts';
import { PROTOCOL_VERSION } from '@parallel-pilot/shared/protocol/version.ts';
import { type ConnectRefusal, WorkerAuth } from '@parallel-pilot/shared/protocol/workers.ts';
import { sameSecret } from '@parallel-pilot/shared/server/secrets.ts';
import type { Socket } from 'socket.io';
import { z } from 'zod';

type Next = (error?: Error & { data?: ConnectRefusal }) => void;

/** Lets in who speaks this protocol and knows the token; others get a `connect_error` whose data is a ConnectRefusal. */
export const admit =
  (token: string) =>
  (socket: Socket, next: Next): void => {
    const problem = problemOf(socket.handshake.auth, token);
    next(problem === null ? undefined : Object.assign(new Error(problem.message), { data: problem }));
  };

function problemOf(auth: unknown, token: string): ConnectRefusal | null {
  // The version comes first: who speaks another one may name its token differently.
  const version = z.object({ protocol: z.int() }).safeParse(auth);
  if (!version.success) return refuse('invalid-message', 'The connection names no protocol version.');
  const { protocol } = version.data;
  if (protocol !== PROTOCOL_VERSION) {
    return refuse(
      'protocol-mismatch',
      `This side speaks version ${protocol} of the protocol, the farm version ${PROTOCOL_VERSION}. Update the older of the two.`,
    );
  }
  const parsed = WorkerAuth.safeParse(auth);
  return parsed.success && sameSecret(parsed.data.token, token) ? null : refuse('bad-token');
}

const refuse = (code: RefusalCode, message: string = REFUSALS[code]): ConnectRefusal => ({ code, message });
