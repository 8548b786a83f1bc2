import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerOf } from '@parallel-pilot/shared/protocol/handshake.ts';
import { Server, type Socket } from 'socket.io';
import { until } from './until.ts';

const PATIENCE_MS = 10_000;

/**
 * Socket.IO by hand, from the client's side: sends the text of a message as it
 * is, which a real client would refuse to write.
 * https://socket.io/docs/v4/socket-io-protocol/
 */
export class RawSocket {
  readonly #web: WebSocket;
  readonly #namespace: string;
  readonly #heard: string[] = [];
  #lastId = 0;
  #news = Promise.withResolvers<void>();

  private constructor(web: WebSocket, namespace: string) {
    this.#web = web;
    this.#namespace = namespace;
    web.addEventListener('message', ({ data }) => {
      if (data === '2') return this.send('3');
      this.#heard.push(String(data));
      this.#wake();
    });
    web.addEventListener('close', () => this.#wake());
  }

  static async connect(url: string, namespace: string, auth: unknown): Promise<RawSocket> {
    const { token } = auth as { token?: string };
    // The load balancer wants its token with the HTTP request; undici's WebSocket takes headers.
    const options = token === undefined ? {} : { headers: { authorization: bearerOf(token) } };
    const web = new WebSocket(
      `${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`,
      options as never,
    );
    const socket = new RawSocket(web, namespace);
    await once(web, 'open');
    socket.send(`40${namespace},${JSON.stringify(auth)}`);
    await socket.#hears(`40${namespace},`);
    return socket;
  }

  get open(): boolean {
    return this.#web.readyState === WebSocket.OPEN;
  }

  send(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#web.send(frame);
  }

  tell(event: string, text: string): void {
    this.send(`42${this.#namespace},["${event}",${text}]`);
  }

  /** The reply, or null when the other side ended the connection instead. */
  async ask(event: string, text: string): Promise<unknown> {
    this.#lastId += 1;
    this.send(`42${this.#namespace},${this.#lastId}["${event}",${text}]`);
    const start = `43${this.#namespace},${this.#lastId}[`;
    const frame = await this.#hears(start, `no reply came to "${event}" with ${text.slice(0, 300)}`);
    return frame === null ? null : JSON.parse(frame.slice(start.length - 1))[0];
  }

  async close(): Promise<void> {
    if (this.#web.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#web, 'close');
    this.#web.close();
    await closed;
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** As soon as it came, without polling: a test asks a thousand times. */
  async #hears(start: string, message = `nothing that starts with ${start} came`): Promise<string | null> {
    const late = Promise.withResolvers<never>();
    late.promise.catch(() => undefined);
    const timer = setTimeout(() => late.reject(new Error(message)), PATIENCE_MS);
    try {
      for (;;) {
        const frame = this.#heard.find((it) => it.startsWith(start));
        if (frame !== undefined) return frame;
        if (this.#web.readyState === WebSocket.CLOSED) return null;
        await Promise.race([this.#news.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The same from the server's side, for one client at a time; with `onSaid` for what the client says. */
export async function startRawServer(namespace: string, onConnection: (socket: Socket) => void = () => {}) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const io = new Server(http, { transports: ['websocket'] });
  const said: string[] = [];
  let client: Socket | undefined;
  let lastId = 0;
  io.of(namespace).on('connection', (socket) => {
    client = socket;
    socket.conn.on('data', (data) => said.push(String(data)));
    onConnection(socket);
  });
  const write = async (packet: string): Promise<void> => {
    const { conn } = await until(() => (client?.connected ? client : undefined), 'nobody is connected');
    conn.write(packet);
  };
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    said,
    write,
    tell: (event: string, text: string) => write(`2${namespace},["${event}",${text}]`),
    /** Sends what is no message, which makes the client end the connection. */
    async offend(packet: string): Promise<void> {
      await write(packet);
      const offended = client;
      await until(
        () => offended?.connected === false,
        `the client took ${packet.slice(0, 300)} for a message`,
      );
    },
    async ask(event: string, text: string): Promise<unknown> {
      lastId += 1;
      const start = `3${namespace},${lastId}[`;
      await write(`2${namespace},${lastId}["${event}",${text}]`);
      const answer = await until(
        () => said.find((it) => it.startsWith(start)),
        `no reply came to "${event}" with ${text.slice(0, 300)}`,
        10_000,
      );
      return JSON.parse(answer.slice(start.length - 1))[0];
    },
    async stop() {
      await io.close();
      http.closeAllConnections();
    },
  };
}
