import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LeaseId } from '../model/ids.ts';

/**
 * Ties blob access to one lease: HMAC-SHA256 of the lease id under the farm's
 * signing key, in hex. The backend also looks whether the lease is still open,
 * so the address ends with the lease.
 */
export const signLease = (lease: LeaseId, key: string): string =>
  createHmac('sha256', key).update(`lease:${lease}`).digest('hex');

/** Constant-time comparison; false for a signature of any other form. */
export function verifyLease(lease: LeaseId, signature: string, key: string): boolean {
  const expected = Buffer.from(signLease(lease, key));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
