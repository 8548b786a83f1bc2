import { Readable } from 'node:stream';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** The body of a request as it comes. Node's own stream spares a copy through web streams. */
export function bodyOf(c: Context): Readable {
  const { incoming } = c.env as Partial<HttpBindings>;
  if (incoming !== undefined) return incoming;
  const body = c.req.raw.body;
  return body === null ? Readable.from([]) : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
}
