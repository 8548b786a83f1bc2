import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { DetailedError, HttpResponse, Upload } from 'tus-js-client';
import { SentenceError } from '../sentence-error.ts';
import type { Api } from './client.ts';
import { patiently } from './patience.ts';
import { authorization } from './request.ts';

export type UploadEvents = {
  /** Bytes that the farm has, of all. Not called for a file it had before. */
  onProgress(sent: number, total: number): void;
};
export type Uploaded = { hash: BlobHash; size: number; reused: boolean };

// Long enough for a farm that is started again by hand; tus asks first how far it got.
const RETRY_DELAYS_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/** Brings a file to the farm, unless it has one of the same content already. */
export async function uploadFile(
  api: Api,
  path: string,
  hash: BlobHash,
  { onProgress }: UploadEvents,
): Promise<Uploaded> {
  const { size } = await stat(path);
  if ((await patiently(() => api.blob(hash))) !== null) return { hash, size, reused: true };
  const received = await sendFile(api, path, size, onProgress);
  if (received !== hash) {
    throw new SentenceError(`${path} was changed while it was uploaded. Save it, then try again.`);
  }
  return { hash, size, reused: false };
}

/** SHA-256 of a file, read in pieces. */
export async function hashFile(path: string): Promise<BlobHash> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(piece);
  return BlobHash.parse(hash.digest('hex'));
}

async function sendFile(api: Api, path: string, size: number, onProgress: UploadEvents['onProgress']) {
  // Loaded here: it is large, and the file may be at the farm already.
  const { Upload } = await import('tus-js-client');
  return await new Promise<BlobHash>((resolve, reject) => {
    // tus slices the file by its path and never reads this stream itself.
    const file = createReadStream(path);
    const upload = new Upload(file, {
      endpoint: new URL('/api/v1/uploads', api.connection.url).href,
      uploadSize: size,
      metadata: { filename: basename(path) },
      headers: authorization(api.connection.key),
      retryDelays: RETRY_DELAYS_MS,
      onProgress,
      onError: (error) => reject(new SentenceError(sentenceOf(path, error), { cause: error })),
      onSuccess: ({ lastResponse }) => hashOf(api, upload, lastResponse).then(resolve, reject),
    });
    upload.start();
  });
}

async function hashOf(api: Api, upload: Upload, reply: HttpResponse): Promise<BlobHash> {
  const told = BlobHash.safeParse(reply.getHeader('Blob-Hash'));
  if (told.success) return told.data;
  const id = upload.url?.split('/').pop() ?? '';
  const { blob } = await patiently(() => api.upload(id));
  if (blob === null) throw new SentenceError('The upload ended, but the farm has not got the whole file.');
  return blob;
}

function sentenceOf(path: string, error: Error | DetailedError): string {
  if (!('originalResponse' in error) || error.originalResponse === null) {
    return `${path} could not be uploaded: the farm stopped answering.`;
  }
  const body = error.originalResponse.getBody();
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // Not a problem document: said below as it stands.
  }
  return `${path} could not be uploaded: the farm answered ${error.originalResponse.getStatus()} ${body.trim().slice(0, 200)}`;
}
