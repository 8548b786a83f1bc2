import { createECDH, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export type Got = { path: string; headers: IncomingMessage['headers']; body: Buffer };

export type Receiver = {
  url: string;
  got: Got[];
  /** What it does with the next requests; 204 until then. Null: it never answers. */
  answer: number | ((response: ServerResponse) => void) | null;
};

/** A real HTTP server on a free port, which keeps what it gets and answers as it is told to. */
export async function startReceiver(t: TestContext): Promise<Receiver> {
  const receiver: Receiver = { url: '', got: [], answer: 204 };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      receiver.got.push({ path, headers, body: Buffer.concat(pieces) });
      const { answer } = receiver;
      if (typeof answer === 'number') response.writeHead(answer).end('an answer that nobody reads');
      else answer?.(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return receiver;
}

/** A browser's end of Web Push: its keys, and what it reads of a message (RFC 8291). */
export async function createBrowser() {
  const { default: ece } = (await import('http_ece' as string)) as {
    default: { decrypt(bytes: Buffer, with_: object): Buffer };
  };
  const privateKey = createECDH('prime256v1');
  const p256dh = privateKey.generateKeys('base64url');
  const auth = randomBytes(16).toString('base64url');
  return {
    keys: { p256dh, auth },
    read: ({ body }: Got): unknown =>
      JSON.parse(ece.decrypt(body, { version: 'aes128gcm', privateKey, authSecret: auth }).toString()),
  };
}
