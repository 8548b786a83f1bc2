import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';

/** A server on every address of this machine, which counts who reaches it. */
export type ReachedServer = { urls: string[]; readonly reached: number; close(): Promise<void> };

/** `urls`: by the loopback, and by what others on the network would ask. */
export async function startReachedServer(): Promise<ReachedServer> {
  let reached = 0;
  const server = createServer((_, answer) => void answer.end('reached'));
  server.on('connection', () => {
    reached += 1;
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const outer = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  return {
    urls: ['127.0.0.1', ...outer].map((host) => `http://${host}:${port}/`),
    get reached() {
      return reached;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A handler in Python that asks for each URL of its event, and answers what came of it. */
export const REACHING = `import urllib.request
def handle(event, context):
    said = []
    for url in event:
        try:
            said.append(urllib.request.urlopen(url, timeout=5).read().decode())
        except OSError:
            said.append("not reached")
    return said
`;
