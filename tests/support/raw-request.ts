import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type Answer = { status: number; text: string; headers: IncomingMessage['headers']; sent: number };

/**
 * Sends a body of `bytes` bytes in a stream, in chunks or with its length
 * announced, until all is sent or the server has answered or cut it off.
 * Status 0 where it was cut off without an answer.
 */
export async function flood(
  url: string,
  options: { method: string; bytes: number; headers?: Record<string, string>; announce?: boolean },
): Promise<Answer> {
  const { method, bytes, announce = false } = options;
  const length: Record<string, string> = announce
    ? { 'content-length': String(bytes) }
    : { 'transfer-encoding': 'chunked' };
  // Told to close, Node does so behind its reply at once, which may take the reply from who still sends.
  const headers = { ...options.headers, ...length, connection: 'keep-alive' };
  const sending = request(url, { method, agent: false, headers });
  const answer: Answer = { status: 0, text: '', headers: {}, sent: 0 };
  const ended = new AbortController();
  sending.on('error', () => ended.abort());
  sending.on('close', () => ended.abort());
  sending.on('response', (response) => {
    answer.status = response.statusCode ?? 0;
    answer.headers = response.headers;
    response.setEncoding('utf8').on('data', (text: string) => {
      answer.text += text;
    });
    response.on('error', () => {});
    response.on('end', () => ended.abort());
  });
  const piece = Buffer.alloc(256 * 1024, 32);
  try {
    while (answer.sent < bytes && !ended.signal.aborted) {
      answer.sent += piece.length;
      const more = sending.write(
        piece.subarray(0, Math.min(piece.length, bytes - answer.sent + piece.length)),
      );
      if (!more) await once(sending, 'drain', { signal: ended.signal });
      else await pause(0);
    }
    if (!ended.signal.aborted) {
      sending.end();
      await once(ended.signal, 'abort');
    }
  } catch {
    // Cut off: what the server said before is in the answer.
  }
  sending.destroy();
  return answer;
}

/** A TCP connection that keeps what it heard and knows when it was closed. */
export type Line = { socket: Socket; heard(): string; closed: Promise<void>; isClosed(): boolean };

export async function openLine(port: number, localAddress = '127.0.0.1'): Promise<Line> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let heard = '';
  let over = false;
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      over = true;
      resolve();
    });
  });
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard = (heard + text).slice(0, 100_000);
  });
  await Promise.race([once(socket, 'connect'), closed]);
  return { socket, heard: () => heard, closed, isClosed: () => over };
}
