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

/** `refused`: the first host that was asked for and may not be. */
export type IndexProxy = { readonly refused: string | null; close(): Promise<void> };

/**
 * An HTTP proxy (RFC 9110, 7.3 and 9.3.6) on a Unix socket in `folder`, which is all that leads out of a box: to the
 * hosts of the index, on the ports that its owner named, and to nobody else.
 */
export async function openIndexProxy(folder: string, index: PackageIndex): Promise<IndexProxy> {
  let refused: string | null = null;
  const may = (host: string): boolean => {
    const allowed = index.hosts.includes(host.toLowerCase());
    if (!allowed) refused ??= host.slice(0, 200);
    return allowed;
  };
  const sockets = new Set<Duplex>();
  const server = createServer((asked, answer) => forward(asked, answer, may));
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connect', (asked, socket, head) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    tunnel(asked.url ?? '', socket, head, may);
  });
  const handle = await listenInFolder(server, folder, PROXY_SOCKET);
  return {
    get refused() {
      return refused;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await handle.close();
    },
  };
}

const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n';

function tunnel(target: string, socket: Duplex, head: Buffer, may: (host: string) => boolean): void {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(target) ?? [];
  socket.on('error', () => socket.destroy());
  if (host === '' || !may(`${host}:${port}`)) {
    socket.end(FORBIDDEN);
    return;
  }
  const far = connect({ host, port: Number(port) });
  far.setTimeout(QUIET_MS, () => far.destroy());
  far.on('error', () => socket.destroy());
  far.on('close', () => socket.destroy());
  socket.on('close', () => far.destroy());
  far.once('connect', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    far.write(head);
    socket.pipe(far).pipe(socket);
  });
}

/** A request for an http address, as a proxy gets it: with the whole address in place of the path. */
function forward(asked: IncomingMessage, answer: ServerResponse, may: (host: string) => boolean): void {
  const url = URL.parse(asked.url ?? '');
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return void answer.writeHead(405).end();
  if (url === null || url.protocol !== 'http:' || !may(`${url.hostname}:${url.port || '80'}`))
    return void answer.writeHead(403).end();
  const { 'proxy-connection': _, 'proxy-authorization': __, ...headers } = asked.headers;
  const far = request(url, { method: asked.method, headers, timeout: QUIET_MS }, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.on('error', () => answer.destroy());
    got.pipe(answer);
  });
  far.on('timeout', () => far.destroy());
  far.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
  answer.on('close', () => far.destroy());
  far.end();
}
