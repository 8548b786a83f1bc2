import type { CallFile, DeliveredCallFile } from '@parallel-pilot/shared/protocol/calls.ts';
import type { BlobAccess, BlobAddress } from '../assets/blob-address.ts';
import { type Attempt, PartialFile } from '../assets/download.ts';
import { hashOf, uploadFile } from '../assets/upload.ts';
import { backoffMs, pause } from '../backoff.ts';
import type { CallBlobs } from '../kinds/kind.ts';
import type { Log } from '../log.ts';

const MOST_DAMAGED = 3;

/** Events and answers of calls under a lease that are blobs: fetched to files, and brought from them. */
export function callBlobs(address: BlobAddress, access: BlobAccess, log: Log): CallBlobs {
  return {
    fetch: (file, path, signal) => fetchTo(path, file, () => address(file.hash, access), signal),
    async deliver(path, size, signal) {
      const hash = await hashOf(path, size);
      const url = () => address(hash, access);
      const sent = await uploadFile({ source: path, mediaType: 'application/json', size, url, signal, log });
      if (sent.ok) return { hash, size, receipt: sent.receipt } satisfies DeliveredCallFile;
      if (sent.why === 'refused') return `The farm did not take the answer: ${sent.message}`;
      return sent.why === 'stopped'
        ? 'The answer could not be brought to the farm in time.'
        : 'The farm no longer takes answers of this instance.';
    },
  };
}

async function fetchTo(
  path: string,
  file: CallFile,
  url: () => URL,
  signal: AbortSignal,
): Promise<string | null> {
  const partial = new PartialFile(path, file);
  let damaged = 0;
  for (let failures = 1; ; failures += 1) {
    const attempt = await partial.attempt(url(), signal);
    if (attempt.kind === 'complete') return null;
    if (attempt.kind === 'damaged') {
      damaged += 1;
      await partial.discard();
    }
    const why = inWords(attempt);
    if (attempt.kind !== 'again' && (attempt.kind !== 'damaged' || damaged === MOST_DAMAGED)) return why;
    if (!(await pause(backoffMs(failures, Math.random, 100, 2_000), signal))) return why;
  }
}

function inWords(attempt: Exclude<Attempt, { kind: 'complete' }>): string {
  switch (attempt.kind) {
    case 'refused':
      return `The farm did not give the event to its worker (HTTP ${attempt.status}).`;
    case 'again':
      return `The event could not be fetched in time: ${attempt.message}.`;
    case 'damaged':
      return 'The event arrived damaged at its worker, again and again.';
    case 'disk-full':
      return 'The disk of the worker has no room for the event.';
    case 'disk-error':
      return `The worker could not write the event: ${attempt.message}.`;
    default:
      return attempt satisfies never;
  }
}
