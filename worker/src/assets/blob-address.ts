import type { BlobHash, LeaseId } from '@parallel-pilot/shared/model/ids.ts';

/** What lets this worker read and write the blobs of one lease. */
export type BlobAccess = { lease: LeaseId; signature: string };

/** Where blobs are; known once the farm has welcomed this worker. */
export type BlobAddress = (hash: BlobHash, access: BlobAccess) => URL;

/** `backend` is the backend's base URL, with or without a path of its own. */
export function blobAddress(backend: string, hash: BlobHash, { lease, signature }: BlobAccess): URL {
  const url = new URL(`${backend.replace(/\/+$/, '')}/api/v1/blobs/${hash}`);
  url.searchParams.set('lease', lease);
  url.searchParams.set('signature', signature);
  return url;
}
