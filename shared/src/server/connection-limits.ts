import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { peerOf } from './peer-address.ts';

export type ConnectionLimits = {
  /** Time for the headers of a request; a body or a reply may stand still for so long, ms. */
  stallMs: number;
  /** Open at the same time, WebSockets among them. */
  mostConnections: number;
  /** By address (IPv6: by /64), except for this machine's own and those of trusted proxies. */
  mostPerAddress: number;
};

/** What comes more slowly is no transfer; Apache's and Kestrel's limits are of this size. */
const LEAST_BYTES_PER_SECOND = 500;
/** Headers, cookies and an upload's metadata together. */
const MOST_HEADER_BYTES = 16 * 1024;
/** Requests on one connection of which none has its reply. Browsers and programs send the next one after the reply. */
const MOST_UNANSWERED = 2;
/** For what a refused client is still sending when it has its reply (nginx: lingering_time). */
const LINGER_MS = 2_000;

/** Options of `http.createServer`. `requestTimeout` is off, since an upload may take hours: see `limitConnections`. */
export const serverOptions = ({ stallMs }: ConnectionLimits): ServerOptions => ({
  headersTimeout: stallMs,
  requestTimeout: 0,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: Math.min(1_000, stallMs),
  maxHeaderSize: MOST_HEADER_BYTES,
  // Notices who went away without a word.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
});

/**
 * Ends connections that are too many, and those on which the client stands
 * still: it owes a body and sends next to nothing, or takes nothing of its
 * reply. A request the server itself takes long for is left alone. Call it when
 * the server has its listener for requests, which then gets allowed requests only.
 */
export function limitConnections(
  server: Server,
  limits: ConnectionLimits,
  isExempt: (address: string) => boolean,
): void {
  server.maxConnections = limits.mostConnections;
  limitPeers(server, limits.mostPerAddress, isExempt);
  const listeners = server.listeners('request');
  const unanswered = new WeakMap<Socket, number>();
  server.removeAllListeners('request');
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming;
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    outgoing.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    // One packet can hold thousands of requests, all of which would be begun.
    if (count > MOST_UNANSWERED) socket.destroy();
    if (socket.destroyed) return;
    endWhenStalled(incoming, outgoing, limits.stallMs);
    for (const listener of listeners) listener.call(server, incoming, outgoing);
  });
}

function limitPeers(server: Server, most: number, isExempt: (address: string) => boolean): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (isExempt(remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? '')) return;
    const peer = peerOf(remoteAddress);
    const count = (open.get(peer) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    open.set(peer, count);
    socket.once('close', () => {
      const left = (open.get(peer) ?? 1) - 1;
      if (left > 0) open.set(peer, left);
      else open.delete(peer);
    });
  });
}

function endWhenStalled(incoming: IncomingMessage, outgoing: ServerResponse, stallMs: number): void {
  const { socket, headers } = incoming;
  // Longer than for a body: what is full between the two may take its time to get emptier.
  outgoing.setTimeout(3 * stallMs, () => {
    if (socket.writableLength > 0) socket.destroy();
  });
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return;
  const least = (LEAST_BYTES_PER_SECOND * stallMs) / 1_000;
  let before = socket.bytesRead;
  const watch = setInterval(() => {
    // What has arrived and was not read yet is this side's delay.
    const owed = !incoming.complete && incoming.readableLength === 0;
    if (owed && socket.bytesRead - before < least) socket.destroy();
    before = socket.bytesRead;
  }, stallMs).unref();
  outgoing.once('close', () => {
    clearInterval(watch);
    if (!incoming.complete && !socket.destroyed) linger(incoming);
  });
}

/** Lets a client that still sends read its reply, which it would lose if the connection ended at once. */
function linger(incoming: IncomingMessage): void {
  const { socket } = incoming;
  // Whoever read the body does so no more, and would only hold it up.
  incoming.removeAllListeners('data').resume();
  const end = setTimeout(() => incoming.complete || socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(end));
}
