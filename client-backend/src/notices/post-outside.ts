import http from 'node:http';
import https from 'node:https';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';

export type OutsidePost = {
  url: string;
  headers: Record<string, string | number>;
  body: string | Buffer;
  /** The farm may call machines of private networks, and its own. */
  privateAddresses: boolean;
  signal: AbortSignal;
  /** From its beginning to the first line of the answer, milliseconds. */
  limitMs: number;
};

/** `status` is null where no HTTP answer came. `problem` is null where it was taken, and else a sentence. */
export type Posted = { status: number | null; problem: string | null };

/**
 * Sends a request to an address that somebody gave. Each address that a name stands for is looked at when it is
 * connected to; redirects are not followed, and nothing of the answer's body is read: whoever gave the address learns
 * of the farm's network no more than the status.
 */
export function postOutside({
  url,
  headers,
  body,
  privateAddresses,
  signal,
  limitMs,
}: OutsidePost): Promise<Posted> {
  const { promise, resolve } = Promise.withResolvers<Posted>();
  const secure = new URL(url).protocol === 'https:';
  const options = { allowPrivateIPAddress: privateAddresses, keepAlive: false, maxSockets: 1 };
  const agent = secure ? new RequestFilteringHttpsAgent(options) : new RequestFilteringHttpAgent(options);
  const request = (secure ? https : http).request(url, {
    method: 'POST',
    headers: { 'user-agent': 'parallel-pilot', 'content-length': Buffer.byteLength(body), ...headers },
    agent,
    signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
    maxHeaderSize: 16_384,
  });
  request.on('response', (response) => {
    const status = response.statusCode ?? 0;
    resolve({ status, problem: problemOf(status) });
    request.destroy();
  });
  request.on('error', (error) =>
    resolve({ status: null, problem: sentenceOf(error, new URL(url).host, limitMs) }),
  );
  request.end(body);
  return promise.finally(() => agent.destroy());
}

function problemOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `It answered with ${status}, which leads elsewhere. Redirects are not followed: give the address that it leads to.`;
  return `It answered with ${status}${http.STATUS_CODES[status] === undefined ? '' : ` (${http.STATUS_CODES[status]})`}.`;
}

function sentenceOf(error: Error, host: string, limitMs: number): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError')
    return `It did not answer within ${limitMs / 1_000} seconds.`;
  if (message.includes('is not allowed. Because')) return privateSentence(host);
  switch (code) {
    case 'ECONNREFUSED':
      return `Nothing takes connections at ${host}.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `There is no machine called ${host}.`;
    case 'ECONNRESET':
      return `${host} closed the connection without an answer.`;
    default:
      return `${host} could not be reached (${code ?? name}).`;
  }
}

export const privateSentence = (host: string): string =>
  `${host} leads to a private network or to the farm's own machine, which the farm calls for nobody. An admin can allow it in the farm's settings.`;
