import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

/** Bytes that pass at once. */
const PIECE = 16 * 1024;

export type SlowLink = { port: number; stop(): Promise<void> };

/** A way to `port` of this machine that takes so many bytes a second in each direction, all its connections together. */
export async function slowLink(port: number, rate: { up: number; down: number }): Promise<SlowLink> {
  const [up, down] = [line(rate.up), line(rate.down)];
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    // A cut connection is cut at both ends.
    pipeline(near, up(), far, () => far.destroy());
    pipeline(far, down(), near, () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What goes over it waits until what came before has passed. */
function line(bytesPerSecond: number): () => Transform {
  let freeAt = 0;
  const pass = (bytes: number): number => {
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (bytes / bytesPerSecond) * 1_000;
    return freeAt - now;
  };
  return () =>
    new Transform({
      highWaterMark: PIECE,
      transform(piece: Buffer, _encoding, done) {
        setTimeout(() => done(null, piece), pass(piece.length));
      },
    });
}
