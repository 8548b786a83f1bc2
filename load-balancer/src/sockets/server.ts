import {
  createServer,
  type Server as HttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import type { Socket } from 'node:net';
import { isExempt, isLoopback, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { limitConnections, serverOptions } from '@parallel-pilot/shared/server/connection-limits.ts';
import { Server } from 'socket.io';
import type { Doorkeeper } from './admit.ts';

export type Sockets = { io: Server; http: HttpServer };

/** Of the longest message, a hello that names 10,000 blobs and 4,096 leases, 1 MB is needed. Reading one stops all others. */
const LONGEST_MESSAGE = 2 * 1024 * 1024;

export type SocketParts = {
  config: Pick<ServerConfig, 'host' | 'connections' | 'trustedProxies'>;
  ready(): boolean;
  knowsToken: Doorkeeper;
};

/**
 * Socket.IO over websockets alone: without sticky sessions behind a proxy, and
 * without recovery of connections, which would pass by the token. Who has none
 * of the tokens gets 401 instead of a websocket, and 503 while that cannot be known. GET /healthz answers 200, or
 * 503 while the database cannot be used.
 */
export function createSockets({ config, ready, knowsToken }: SocketParts): Sockets {
  const loopback = isLoopback(config.host);
  const http = createServer(serverOptions(config.connections), (request, response) => {
    const found = request.method === 'GET' && request.url === '/healthz';
    response.writeHead(found ? (ready() ? 200 : 503) : 404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(found ? { ok: ready(), problems: ready() ? [] : ['database'] } : { ok: false }),
    );
  });
  limitConnections(http, config.connections, isExempt(config));
  const io = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: LONGEST_MESSAGE,
    connectTimeout: 10_000,
    allowRequest: ({ headers }, answer) => answer(null, !fromBrowser(headers) && isNamed(headers, loopback)),
  });
  io.engine.use(({ headers, socket }: IncomingMessage, _: unknown, next: () => void) => {
    void knowsToken(headers, socket.remoteAddress).then((answer) => {
      if (answer === 'known') next();
      else refuse(socket, answer === 'refused' ? '401 Unauthorized' : '503 Service Unavailable');
    });
  });
  // Only the two namespaces are served, each behind its token.
  io.use((_, next) => next(new Error('There is nothing here: connect to /workers or /control.')));
  return { io, http };
}

// By hand: what Engine.IO hands over as the response of an upgrade can only destroy the connection.
function refuse(socket: Socket, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

/** Workers and the backend send no Origin, every page in a browser does: none has business here. */
const fromBrowser = (headers: IncomingHttpHeaders): boolean => headers.origin !== undefined;

/** On loopback a foreign name for this machine is a page's trick (DNS rebinding). */
const isNamed = ({ host = '' }: IncomingHttpHeaders, loopback: boolean): boolean =>
  !loopback || isLoopback(host.replace(/:\d+$/, ''));

/** Resolves with the port. Rejects with a sentence when the address cannot be had. */
export function listen({ http }: Sockets, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(new Error(sentenceFor(error, port, host))));
    http.listen(port, host, () => {
      const address = http.address();
      resolve(address === null || typeof address === 'string' ? port : address.port);
    });
  });
}

function sentenceFor({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === 'EADDRINUSE') {
    return `The load balancer cannot listen on ${host}:${port}: another program does. End it, or choose another port with PILOT_BALANCER_PORT.`;
  }
  if (code === 'EADDRNOTAVAIL') return `This machine has no address ${host}. Choose another with PILOT_HOST.`;
  if (code === 'EACCES') return `The load balancer may not listen on port ${port}. Choose one above 1023.`;
  return `The load balancer cannot listen on ${host}:${port}: ${message}`;
}
