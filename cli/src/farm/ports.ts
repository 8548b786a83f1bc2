import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

export type PortCheck = { ok: true; port: number } | { ok: false; code: string };

/** Takes and leaves a port, to see whether it is free; 0 picks a free one. `code` is the system's, such as EADDRINUSE. */
export function probePort(host: string, port: number): Promise<PortCheck> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ ok: false, code: error.code ?? 'unknown' }),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve({ ok: true, port: taken }));
    });
  });
}

const isEverywhere = (host: string) => host === '0.0.0.0' || host === '::' || host === '[::]';
const bracketed = (host: string) => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

/** How this machine reaches a server that listens on `host`. */
export const localUrl = (host: string, port: number): string =>
  `http://${isEverywhere(host) ? '127.0.0.1' : bracketed(host)}:${port}`;

/** How other machines reach it: by its first address on the network, where it listens on all. */
export const networkUrl = (host: string, port: number): string =>
  `http://${isEverywhere(host) ? (networkAddress() ?? host) : bracketed(host)}:${port}`;

function networkAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return all.find((address) => address.family === 'IPv4' && !address.internal)?.address;
}
