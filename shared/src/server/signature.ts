import { createHmac, timingSafeEqual } from 'node:crypto';
import type { BlobHash, LeaseId } from '../model/ids.ts';

/**
 * Ties blob access to one lease: HMAC-SHA256 of the lease id under the farm's
 * signing key, in hex. The backend also looks whether the lease is still open,
 * so the address ends with the lease.
 */
export const signLease = (lease: LeaseId, key: string): string => sign(`lease:${lease}`, key);

/** Constant-time comparison; false for a signature of any other form. */
export const verifyLease = (lease: LeaseId, signature: string, key: string): boolean =>
  isSame(signLease(lease, key), signature);

/**
 * What only the workers of a gang know: HMAC-SHA256 of the leases of its members, by their ranks, in hex. It ends with
 * them, since each of them is in one gang alone.
 */
export const gangSecret = (leases: readonly LeaseId[], key: string): string =>
  sign(`gang:${leases.join(',')}`, key);

/** Bytes that came in under a lease. */
export type Received = { lease: LeaseId; hash: BlobHash; size: number };

/**
 * What the backend gives for bytes it has read to their end under a lease:
 * HMAC-SHA256 of lease, hash and size, in hex. A result may name these bytes
 * with it, and no others.
 */
export const signReceipt = ({ lease, hash, size }: Received, key: string): string =>
  sign(`receipt:${lease}:${hash}:${size}`, key);

/** Constant-time comparison; false for a receipt of any other form. */
export const verifyReceipt = (received: Received, receipt: string, key: string): boolean =>
  isSame(signReceipt(received, key), receipt);

const sign = (text: string, key: string): string => createHmac('sha256', key).update(text).digest('hex');

function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
