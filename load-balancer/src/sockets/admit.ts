import type { IncomingHttpHeaders } from 'node:http';
import { bearerOf } from '@parallel-pilot/shared/protocol/handshake.ts';
import { REFUSALS, type RefusalCode } from '@parallel-pilot/shared/protocol/refusals.ts';
import { PROTOCOL_VERSION } from '@parallel-pilot/shared/protocol/version.ts';
import { type ConnectRefusal, WorkerAuth } from '@parallel-pilot/shared/protocol/workers.ts';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { clientAddress, peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import { type Secrets, sameSecret } from '@parallel-pilot/shared/server/secrets.ts';
import type { Socket } from 'socket.io';
import { z } from 'zod';

type Next = (error?: Error & { data?: ConnectRefusal }) => void;

export type Doorkeeper = (headers: IncomingHttpHeaders, connected: string | undefined) => boolean;

/**
 * Does a request for a websocket bring one of the tokens? Refused ones are
 * logged with their address, ten a minute for each, and never with the token.
 * A wrong token keeps nobody else out: a studio behind one address may have one
 * worker of yesterday among many.
 */
export function createDoorkeeper(parts: {
  config: Pick<ServerConfig, 'trustedProxies'>;
  secrets: Pick<Secrets, 'workerToken' | 'controlToken'>;
  clock: Clock;
  log: Log;
}): Doorkeeper {
  const { config, secrets, clock, log } = parts;
  const refused = countAttempts(clock);
  const known = [secrets.workerToken, secrets.controlToken].map(bearerOf);
  return (headers, connected) => {
    const given = headers.authorization ?? '';
    if (known.some((one) => sameSecret(given, one))) return true;
    const address = clientAddress(connected, headers['x-forwarded-for'], config.trustedProxies);
    const attempt = refused.failed(peerOf(address));
    if (attempt <= MOST_ATTEMPTS) log.warn({ event: 'access.refused', code: 'bad-token', address, attempt });
    return false;
  };
}

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
