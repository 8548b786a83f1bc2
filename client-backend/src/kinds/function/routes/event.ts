import { Readable } from 'node:stream';
import { MOST_CALL_CHARACTERS } from '@parallel-pilot/shared/protocol/calls.ts';
import type { Context } from 'hono';
import { bodyOf } from '../../../http/body-of.ts';
import type { CallFiles, Refused } from '../desk/call-files.ts';
import type { Owner } from '../desk/call-quota.ts';
import type { Event } from '../desk/invocation.ts';

type Read = { ok: true; event: Event } | Refused | { ok: false; status: 400; code: string; message: string };

/** In a message an event has no more bytes. */
const MOST_BYTES = MOST_CALL_CHARACTERS;

/** The body of a request as a call's event: JSON; null where it is empty. What does not fit into a message is streamed into a blob. */
export async function readEvent(c: Context, files: CallFiles, owner: Owner): Promise<Read> {
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (length <= MOST_BYTES) return eventOf(await c.req.text());
  if (length > files.mostBytes) return files.tooLarge(length);
  const body = bodyOf(c)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const begin: Buffer[] = [];
  let bytes = 0;
  // Of a body that does not say how long it is.
  while (bytes <= MOST_BYTES) {
    const next = await body.next();
    if (next.done) return eventOf(Buffer.concat(begin).toString());
    begin.push(next.value);
    bytes += next.value.length;
  }
  return files.store(Readable.from(following(begin, body)), owner);
}

async function* following(begin: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* begin.splice(0);
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function eventOf(body: string): Read {
  const text = body.trim() === '' ? 'null' : body;
  try {
    JSON.parse(text);
    return { ok: true, event: text };
  } catch (error) {
    const message = `The event is not JSON: ${(error as Error).message}.`;
    return { ok: false, status: 400, code: 'function/event-not-json', message };
  }
}
