import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { cannotWrite } from '../run/local-folder.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Api } from './client.ts';
import { isPassing, UnreachableError } from './request.ts';

const ATTEMPTS = 8;

/**
 * Brings what is at `from` to the file `to`, whole or not at all, and returns
 * its size. What the farm says of it (length, and the hash where it names one)
 * is checked; a file that is there already with the same bytes is left alone.
 */
export async function saveFile(api: Api, from: string, to: string, signal: AbortSignal): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(to), { recursive: true });
      return await saveOnce(api, from, to, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (attempt === ATTEMPTS || !(isPassing(error) || error instanceof Incomplete))
        throw readable(error, to);
      await pause(Math.min(8_000, 250 * 2 ** attempt), undefined, { signal });
    }
  }
}

class Incomplete extends SentenceError {}

async function saveOnce(api: Api, from: string, to: string, signal: AbortSignal): Promise<number> {
  const reply = await api.bytes(from, signal);
  const hash = /^(?:W\/)?"([0-9a-f]{64})"$/.exec(reply.headers.get('etag') ?? '')?.[1];
  const length = reply.headers.get('content-length');
  if (hash !== undefined && (await sameFile(to, hash))) {
    await reply.body?.cancel();
    return Number(length);
  }
  const draft = `${to}.part`;
  const counted = new Tally();
  try {
    if (reply.body === null) throw new Incomplete(`The farm sent nothing for ${to}.`);
    const body = Readable.fromWeb(reply.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(body, counted, createWriteStream(draft), { signal }).catch((error) => {
      throw isLocal(error) ? error : new UnreachableError(api.connection.url, error);
    });
    if (length !== null && counted.bytes !== Number(length)) {
      throw new Incomplete(`${to}: only ${counted.bytes} of ${length} bytes came.`);
    }
    if (hash !== undefined && counted.hash.digest('hex') !== hash) {
      throw new Incomplete(`${to}: what came is not what the farm has.`);
    }
    await rename(draft, to);
    return counted.bytes;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

class Tally extends Transform {
  bytes = 0;
  readonly hash = createHash('sha256');
  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void) {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    done(null, chunk);
  }
}

async function sameFile(path: string, hash: string): Promise<boolean> {
  const own = createHash('sha256');
  try {
    for await (const piece of createReadStream(path)) own.update(piece);
    return own.digest('hex') === hash;
  } catch {
    return false;
  }
}

/** Not of the network: those of a folder that is gone count as well. */
const isLocal = (error: unknown): boolean => cannotWrite(error) !== null;

function readable(error: unknown, to: string): unknown {
  const why = cannotWrite(error);
  return why === null ? error : new SentenceError(`${to} could not be written: ${why}.`, { cause: error });
}
