import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { GangAddress, GangPlace } from '@parallel-pilot/shared/protocol/gang.ts';
import type { Log } from '../log.ts';

/** Of a pre-shared key with a key exchange of its own: what was recorded cannot be read with the secret later. */
const CIPHERS = 'ECDHE-PSK-CHACHA20-POLY1305';
const TLS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: CIPHERS } as const;
/** Strangers, who know no secret, hold so many connections at most, and each for so long. */
const MOST_CONNECTIONS = 1_024;
const HANDSHAKE_MS = 10_000;
/** "65535\n" */
const LONGEST_LINE = 6;

/** A connection that another member of a gang has opened, for a port of the member here. */
export type Incoming = { port: number; socket: TLSSocket; from: number };

/** What this worker has a member of: who may call it, and what becomes of a call. */
export type Membership = { lease: LeaseId; place: GangPlace; onCall(call: Incoming): void };

/**
 * Where other workers reach the gang members of this one. Nobody gets further than the handshake who does not know
 * the secret of a gang that has a member here now.
 */
export class GangPort {
  readonly address: GangAddress;
  readonly #server: Server;
  readonly #members = new Map<LeaseId, Membership>();

  private constructor(server: Server, address: GangAddress) {
    this.#server = server;
    this.address = address;
  }

  /** Rejects where the port is taken, or the address not this machine's. */
  static async open(
    { listenOn, port, ...announced }: GangAddress & { listenOn: string | undefined },
    log: Log,
  ): Promise<GangPort> {
    const callers = new WeakMap<object, { member: Membership; from: number }>();
    const find: { member(identity: string): { member: Membership; from: number } | null } = {
      member: () => null,
    };
    const server = createServer({
      ...TLS,
      handshakeTimeout: HANDSHAKE_MS,
      pskCallback(socket, identity) {
        const found = find.member(identity);
        if (found === null) return null;
        callers.set(socket, found);
        return Buffer.from(found.member.place.secret, 'hex');
      },
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on('tlsClientError', (error) => log.debug({ event: 'gang.refused', why: error.message }));
    server.on('secureConnection', (socket) => {
      const caller = callers.get(socket);
      if (caller === undefined) return void socket.destroy();
      readPort(socket, (to) => caller.member.onCall({ port: to, socket, from: caller.from }));
    });
    await listen(server, listenOn, port);
    const bound = server.address();
    const opened = new GangPort(server, {
      ...announced,
      port: typeof bound === 'object' ? (bound?.port ?? port) : port,
    });
    find.member = (identity) => opened.#callerOf(identity);
    return opened;
  }

  /** From now on the others of its gang may call. */
  join(member: Membership): () => void {
    this.#members.set(member.lease, member);
    return () => void this.#members.delete(member.lease);
  }

  #callerOf(identity: string): { member: Membership; from: number } | null {
    const [, lease, rank] = /^([\w-]{1,64})\/(\d{1,3})$/.exec(identity) ?? [];
    const member = this.#members.get(lease as LeaseId);
    const from = Number(rank);
    if (member === undefined || from >= member.place.members.length || from === member.place.rank)
      return null;
    return { member, from };
  }

  close(): void {
    this.#server.close();
  }
}

/** Calls a port of another member. Rejects with what the network or the handshake says. */
export function call(
  place: GangPlace,
  to: { rank: number; host: string; port: number; inside: number },
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const identity = `${place.members[to.rank]?.lease}/${place.rank}`;
  const socket = connect({
    ...TLS,
    host: to.host,
    port: to.port,
    pskCallback: () => ({ psk: Buffer.from(place.secret, 'hex'), identity }),
    // The key proves who it is; there are no certificates.
    checkServerIdentity: () => undefined,
  });
  const stop = () => socket.destroy(new Error('stopped'));
  socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error('no answer')));
  signal.addEventListener('abort', stop, { once: true });
  socket.once('secureConnect', () => {
    socket.setTimeout(0);
    socket.off('error', reject);
    signal.removeEventListener('abort', stop);
    socket.write(`${to.inside}\n`);
    resolve(socket);
  });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the connection was closed')));
  return promise;
}

/** Reads the first line, byte by byte: what follows is for the member. */
function readPort(socket: TLSSocket, then: (port: number) => void): void {
  let line = '';
  socket.on('error', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
  const onReadable = (): void => {
    for (;;) {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) return;
      line += byte.toString('latin1');
      if (line.endsWith('\n') || line.length > LONGEST_LINE) break;
    }
    socket.off('readable', onReadable);
    clearTimeout(timer);
    const port = /^\d{1,5}\n$/.test(line) ? Number(line) : 0;
    if (port < 1 || port > 65_535) socket.destroy();
    else then(port);
  };
  socket.on('readable', onReadable);
}

function listen(server: Server, host: string | undefined, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(host === undefined ? { port } : { host, port }, () => {
    server.off('error', reject);
    server.on('error', () => {});
    resolve();
  });
  return promise;
}
