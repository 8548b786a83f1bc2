import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenInFolder } from '../listen-in-folder.ts';
import type { PackageIndex } from './package-index.ts';

/** Its name in the folder that the box may only read. */
export const PROXY_SOCKET = 'index.sock';

const MOST_CONNECTIONS = 64;
/** A connection on which nothing comes for so long is ended, milliseconds. */
const QUIET_MS = 120_000;

/** The first host that was asked for and may not be, and the first that could not be reached or is out of order. */
export type Missed = { refused: string | null; unreached: string | null };

export type IndexProxy = Readonly<Missed> & { close(): Promise<void> };

/**
 * An HTTP proxy (RFC 9110, 7.3 and 9.3.6) on a Unix socket in `folder`, which is all that leads out of a box: to the
 * hosts of the index, on the ports that its owner named, and to nobody else.
 */
export async function openIndexProxy(folder: string, index: PackageIndex): Promise<IndexProxy> {
  const missed: Missed = { refused: null, unreached: null };
  const may = (host: string): boolean => {
    const allowed = index.hosts.includes(host.toLowerCase());
    if (!allowed) missed.refused ??= host.slice(0, 200);
    return allowed;
  };
  const onUnreached = (host: string): void => {
    missed.unreached ??= host.slice(0, 200);
  };
  const way = { may, onUnreached };
  const sockets = new Set<Duplex>();
  const server = createServer((asked, answer) => forward(asked, answer, way));
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connect', (asked, socket, head) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    tunnel(asked.url ?? '', socket, head, way);
  });
  const handle = await listenInFolder(server, folder, PROXY_SOCKET);
  return {
    get refused() {
      return missed.refused;
    },
    get unreached() {
      return missed.unreached;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await handle.close();
    },
  };
}

type Way = { may(host: string): boolean; onUnreached(host: string): void };

const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n';

function tunnel(target: string, socket: Duplex, head: Buffer, { may, onUnreached }: Way): void {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(target) ?? [];
  socket.on('error', () => socket.destroy());
  if (host === '' || !may(`${host}:${port}`)) {
    socket.end(FORBIDDEN);
    return;
  }
  const far = connect({ host, port: Number(port) });
  far.setTimeout(QUIET_MS, () => far.destroy());
  let isThere = false;
  far.on('error', () => socket.destroy());
  far.on('close', () => {
    if (!isThere) onUnreached(`${host}:${port}`);
  });
  far.on('close', () => socket.destroy());
  socket.on('close', () => far.destroy());
  far.once('connect', () => {
    isThere = true;
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    far.write(head);
    socket.pipe(far).pipe(socket);
  });
}

/** A request for an http address, as a proxy gets it: with the whole address in place of the path. */
function forward(asked: IncomingMessage, answer: ServerResponse, { may, onUnreached }: Way): void {
  const url = URL.parse(asked.url ?? '');
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return void answer.writeHead(405).end();
  if (url === null || url.protocol !== 'http:' || !may(`${url.hostname}:${url.port || '80'}`))
    return void answer.writeHead(403).end();
  const lost = (): void => onUnreached(url.host);
  const { 'proxy-connection': _, 'proxy-authorization': __, ...headers } = asked.headers;
  const far = request(url, { method: asked.method, headers, timeout: QUIET_MS }, (got) => {
    if ((got.statusCode ?? 502) >= 500) lost();
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.on('error', () => answer.destroy());
    got.pipe(answer);
  });
  far.on('timeout', () => far.destroy());
  far.on('error', () => {
    if (answer.headersSent) return void answer.destroy();
    lost();
    answer.writeHead(502).end();
  });
  answer.on('close', () => far.destroy());
  far.end();
}
