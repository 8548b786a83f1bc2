import { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { DetailedError, Upload } from 'tus-js-client';
import { getBlobInfo, getUploadInfo, uploadsUrl } from './farm.ts';
import { isStatus, sentenceOf } from './request.ts';
import { refusalOf, troubleOf } from './upload-trouble.ts';

/** Hashing reads the whole file into memory, so larger ones are simply sent. */
const HASH_LIMIT = 256 * 1024 * 1024;

/** The SHA-256 of a file small enough, in a page that may compute one; null otherwise. */
export async function hashIfCheap(file: File): Promise<BlobHash | null> {
  if (file.size > HASH_LIMIT || !window.isSecureContext) return null;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return BlobHash.parse(hex);
}

/** Whether the farm holds these bytes already. */
export async function storedBlob(hash: BlobHash): Promise<boolean> {
  try {
    await getBlobInfo(hash);
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

export type UploadHandle = { pause(): void; resume(): void };
type UploadEvents = {
  onProgress(sent: number): void;
  /** The farm cannot be reached or cannot take it at the moment; it is tried again. */
  onTrouble(sentence: string): void;
  onStored(blob: BlobHash): void;
  onRefused(sentence: string): void;
};

const RETRY_MS = [0, 1_000, 2_000, 4_000, 8_000, ...Array<number>(60).fill(10_000)];

/** Sends a file in a way that goes on where it stopped: after a pause, a lost connection, or a reloaded page. */
export function startUpload(file: File, events: UploadEvents): UploadHandle {
  const upload = new Upload(file, {
    endpoint: uploadsUrl,
    metadata: { filename: file.name },
    retryDelays: RETRY_MS,
    removeFingerprintOnSuccess: true,
    onProgress: (sent) => events.onProgress(sent),
    onShouldRetry: (error) => {
      const status = error.originalResponse?.getStatus() ?? 0;
      const trouble = troubleOf(status, bodyOf(error));
      if (trouble !== null) events.onTrouble(trouble);
      return trouble !== null;
    },
    onSuccess: ({ lastResponse }) => {
      const hash = BlobHash.safeParse(lastResponse.getHeader('Blob-Hash'));
      if (hash.success) events.onStored(hash.data);
      else void askForHash(upload.url ?? '', events);
    },
    onError: (error) => events.onRefused(refusalOf(bodyOf(error))),
  });
  let stopped = false;
  void upload.findPreviousUploads().then((earlier) => {
    const latest = earlier.at(-1);
    if (latest !== undefined) upload.resumeFromPreviousUpload(latest);
    if (!stopped) upload.start();
  });
  return {
    pause() {
      stopped = true;
      void upload.abort();
    },
    resume() {
      stopped = false;
      upload.start();
    },
  };
}

async function askForHash(url: string, events: UploadEvents): Promise<void> {
  try {
    const { blob } = await getUploadInfo(url);
    if (blob !== null) events.onStored(blob);
    else events.onRefused('The farm did not confirm the upload. Send the file again.');
  } catch (error) {
    events.onRefused(sentenceOf(error));
  }
}

const bodyOf = (error: Error): string | undefined =>
  error instanceof DetailedError ? error.originalResponse?.getBody() : undefined;
