import { createHash } from 'node:crypto';
import { blocksOf } from '@parallel-pilot/shared/files/blocks.ts';
import { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { StoredFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { backoffMs, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import { readShort, send } from './http.ts';

export type Uploading = {
  source: Source;
  size: number;
  mediaType: string;
  /** Asked anew at every attempt. */
  url: () => URL;
  signal: AbortSignal;
  /** Once it is aborted an attempt that fails is the last. */
  last?: AbortSignal;
  log: Log;
};

/** A file by its path, or what it holds. */
export type Source = string | Buffer;

export type UploadOutcome =
  /** `receipt` lets the result name the file. */
  | { ok: true; receipt: string }
  | { ok: false; why: 'lease-ended' | 'stopped' }
  /** Trying again would not help. */
  | { ok: false; why: 'refused'; message: string };

export async function hashOf(source: Source, size: number): Promise<BlobHash> {
  const hash = createHash('sha256');
  if (Buffer.isBuffer(source)) hash.update(source);
  else for await (const block of blocksOf(source, size)) hash.update(block);
  return BlobHash.parse(hash.digest('hex'));
}

/** A blob store that says no may have seen a body cut on the way, so it is asked this often. */
const MOST_REFUSALS = 3;

/**
 * PUTs one file, for as long as it takes: an unreachable, busy or full farm is
 * tried again until the lease ends, because the result is worth more than the wait.
 */
export async function uploadFile(uploading: Uploading): Promise<UploadOutcome> {
  const { signal, log, url, last } = uploading;
  const enough = last === undefined ? signal : AbortSignal.any([signal, last]);
  let refusals = 0;
  for (let failures = 1; ; failures += 1) {
    const attempt = await put(uploading);
    if (signal.aborted) return { ok: false, why: 'stopped' };
    switch (attempt.kind) {
      case 'stored':
        return { ok: true, receipt: attempt.receipt };
      case 'lease-ended':
        return { ok: false, why: 'lease-ended' };
      case 'refused':
        refusals += 1;
        if (refusals === MOST_REFUSALS) return { ok: false, why: 'refused', message: attempt.message };
        break;
      case 'again':
        break;
      default:
        return attempt satisfies never;
    }
    const host = url().host;
    log.warn(
      { event: 'upload.retry', host, failures, reason: attempt.message },
      `A result could not be uploaded to ${host} yet: ${attempt.message}`,
    );
    if (!(await pause(backoffMs(failures, Math.random), enough))) return { ok: false, why: 'stopped' };
  }
}

type Attempt =
  | { kind: 'stored'; receipt: string }
  | { kind: 'lease-ended' }
  | { kind: 'refused'; message: string }
  | { kind: 'again'; message: string };

async function put({ source, size, mediaType, url, signal }: Uploading): Promise<Attempt> {
  try {
    const response = await send({
      method: 'PUT',
      url: url(),
      headers: { 'content-length': size, 'content-type': mediaType },
      body: Buffer.isBuffer(source) ? source : { path: source, size },
      signal,
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) {
      const stored = StoredFile.safeParse(asJson(await readShort(response)));
      if (stored.success) return { kind: 'stored', receipt: stored.data.receipt };
      return { kind: 'again', message: 'the farm gave an answer that makes no sense' };
    }
    const message = `HTTP ${status} ${await readShort(response)}`.trim();
    response.destroy();
    return judge(status, message);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const ours = code === 'ENOENT' || code === 'EACCES' || code === 'EIO';
    return { kind: ours ? 'refused' : 'again', message: message || String(code ?? error) };
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function judge(status: number, message: string): Attempt {
  if (status === 401 || status === 403 || status === 410) return { kind: 'lease-ended' };
  if (status >= 500 || status === 408 || status === 429) return { kind: 'again', message };
  return { kind: 'refused', message };
}
