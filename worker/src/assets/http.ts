import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { blocksOf, sendBlocks } from '@parallel-pilot/shared/files/blocks.ts';

export type Sending = {
  method: 'GET' | 'PUT';
  url: URL;
  headers: Record<string, string | number>;
  /** Or a file of about that size, which is opened anew for each address that a redirect leads to. */
  body?: Buffer | { path: string; size: number };
  signal: AbortSignal;
};

/** A connection on which nothing moves for so long is given up, milliseconds. */
const IDLE_MS = 60_000;
const MOST_REDIRECTS = 3;

/**
 * One HTTP exchange with streamed bodies; follows redirects (a blob store may
 * send us to a presigned address). The caller reads or destroys the response.
 * Rejects when the network fails or the signal aborts.
 */
export async function send(sending: Sending, redirects = 0): Promise<IncomingMessage> {
  const response = await exchange(sending);
  const { location } = response.headers;
  const moved = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
  if (!moved || location === undefined || redirects === MOST_REDIRECTS) return response;
  response.resume();
  return send({ ...sending, url: new URL(location, sending.url) }, redirects + 1);
}

/** The first characters of a response's body, for a log. */
export async function readShort(response: IncomingMessage, most = 500): Promise<string> {
  let text = '';
  try {
    for await (const piece of response.setEncoding('utf8')) {
      text += piece;
      if (text.length >= most) break;
    }
  } catch {
    // What came so far is as good as it gets.
  }
  return text.slice(0, most);
}

function exchange({ method, url, headers, body, signal }: Sending): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request: ClientRequest = start(url, { method, headers, signal });
    request.on('response', resolve);
    request.on('error', reject);
    request.setTimeout(IDLE_MS, () => request.destroy(new Error(`nothing moved for ${IDLE_MS / 1_000} s`)));
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else sendBlocks(blocksOf(body.path, body.size), request).catch((error) => request.destroy(error));
  });
}
