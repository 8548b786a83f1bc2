import type { IncomingHttpHeaders } from 'node:http';
import { bearerOf } from '@parallel-pilot/shared/protocol/handshake.ts';
import { REFUSALS, type RefusalCode } from '@parallel-pilot/shared/protocol/refusals.ts';
import { PROTOCOL_VERSION } from '@parallel-pilot/shared/protocol/version.ts';
import { type ConnectRefusal, WorkerAuth } from '@parallel-pilot/shared/protocol/workers.ts';
import { countAttempts, MOST_ATTEMPTS } from '@parallel-pilot/shared/server/attempts.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findBroughtToken } from '@parallel-pilot/shared/server/db/join-tokens.ts';
import { findWorkerByCredential } from '@parallel-pilot/shared/server/db/workers.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import { machineSecretKind } from '@parallel-pilot/shared/server/machine-secrets.ts';
import { clientAddress, peerOf } from '@parallel-pilot/shared/server/peer-address.ts';
import { type Secrets, sameSecret, sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Socket } from 'socket.io';
import { z } from 'zod';
import type { BroughtPass } from '../effects/inbound.ts';

type Next = (error?: Error & { data?: ConnectRefusal }) => void;

/** `unknown`: the database could not be asked. */
export type Doorkeeper = (
  headers: IncomingHttpHeaders,
  connected: string | undefined,
) => Promise<'known' | 'refused' | 'unknown'>;

type DoorParts = {
  config: Pick<ServerConfig, 'trustedProxies'>;
  secrets: Pick<Secrets, 'workerToken' | 'controlToken'>;
  db: Db;
  clock: Clock;
  log: Log;
};

/**
 * Does a request for a websocket bring a token or credential that is, or was,
 * one of the farm's? Refused ones are logged with their address, ten a minute
 * for each, and never with the token. A wrong token keeps nobody else out: a
 * studio behind one address may have one worker of yesterday among many.
 */
export function createDoorkeeper({ config, secrets, db, clock, log }: DoorParts): Doorkeeper {
  const refused = countAttempts(clock);
  const known = [secrets.workerToken, secrets.controlToken].map(bearerOf);
  return async (headers, connected) => {
    const given = headers.authorization ?? '';
    if (known.some((one) => sameSecret(given, one))) return 'known';
    try {
      if (await isMachineSecret(db, given)) return 'known';
    } catch (error) {
      log.warn({ event: 'access.unknown', err: error });
      return 'unknown';
    }
    const address = clientAddress(connected, headers['x-forwarded-for'], config.trustedProxies);
    const attempt = refused.failed(peerOf(address));
    if (attempt <= MOST_ATTEMPTS) log.warn({ event: 'access.refused', code: 'bad-token', address, attempt });
    return 'refused';
  };
}

// What has ended or was revoked may connect: it is told so, by the namespace.
async function isMachineSecret(db: Db, bearer: string): Promise<boolean> {
  const secret = bearer.replace(/^Bearer /, '');
  switch (machineSecretKind(secret)) {
    case 'join-token':
      return (await findBroughtToken(db, sha256(secret))) !== undefined;
    case 'credential':
      return (await findWorkerByCredential(db, sha256(secret))) !== undefined;
    case null:
      return false;
  }
}

/** Lets in who speaks this protocol and knows the token; others get a `connect_error` whose data is a ConnectRefusal. */
export const admit =
  (token: string) =>
  (socket: Socket, next: Next): void => {
    const auth = readAuth(socket.handshake.auth);
    if ('code' in auth) refuse(next, auth);
    else if (sameSecret(auth.token, token)) next();
    else refuse(next, refusalOf('bad-token'));
  };

/** The same for workers, which may also bring a join token or a credential. What they brought is `passOf` their socket. */
export const admitWorkers =
  ({ secrets, db, clock, log }: DoorParts) =>
  (socket: Socket, next: Next): void => {
    const auth = readAuth(socket.handshake.auth);
    if ('code' in auth) {
      refuse(next, auth);
      return;
    }
    const own = sameSecret(auth.token, secrets.workerToken);
    const asked = own ? Promise.resolve({ type: 'farm' } as const) : passFor(db, auth.token, clock());
    asked.then(
      (pass) => {
        if (typeof pass === 'string') {
          refuse(next, refusalOf(pass));
          return;
        }
        socket.data.pass = pass;
        next();
      },
      (error) => {
        log.warn({ event: 'access.unknown', err: error });
        refuse(next, refusalOf('not-ready'));
      },
    );
  };

/** What the socket was let in by. */
export function passOf(socket: Socket): BroughtPass {
  const pass: BroughtPass | undefined = socket.data.pass;
  if (pass === undefined) throw new Error('A worker speaks that was not let in');
  return pass;
}

// How many uses are left is looked at with the hello: one that never got its credential may come again.
async function passFor(db: Db, secret: string, now: number): Promise<BroughtPass | RefusalCode> {
  switch (machineSecretKind(secret)) {
    case 'join-token': {
      const token = await findBroughtToken(db, sha256(secret));
      if (token === undefined) return 'bad-token';
      if (token.revoked_at !== null || !token.lends) return 'token-revoked';
      if (token.expires_at !== null && token.expires_at <= now) return 'token-expired';
      return { type: 'join-token', token: token.id };
    }
    case 'credential': {
      const worker = await findWorkerByCredential(db, sha256(secret));
      if (worker === undefined) return 'bad-token';
      if (worker.standing === 'removed') return 'worker-removed';
      return worker.standing === 'lender-gone' ? 'lender-gone' : { type: 'credential', worker: worker.id };
    }
    case null:
      return 'bad-token';
  }
}

function readAuth(auth: unknown): WorkerAuth | ConnectRefusal {
  // The version comes first: who speaks another one may name its token differently.
  const version = z.object({ protocol: z.int() }).safeParse(auth);
  if (!version.success) return refusalOf('invalid-message', 'The connection names no protocol version.');
  const { protocol } = version.data;
  if (protocol !== PROTOCOL_VERSION) {
    return refusalOf(
      'protocol-mismatch',
      `This side speaks version ${protocol} of the protocol, the farm version ${PROTOCOL_VERSION}. Update the older of the two.`,
    );
  }
  const parsed = WorkerAuth.safeParse(auth);
  return parsed.success ? parsed.data : refusalOf('bad-token');
}

const refuse = (next: Next, problem: ConnectRefusal): void =>
  next(Object.assign(new Error(problem.message), { data: problem }));

const refusalOf = (code: RefusalCode, message: string = REFUSALS[code]): ConnectRefusal => ({
  code,
  message,
});
