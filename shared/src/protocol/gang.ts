import { z } from 'zod';
import { LeaseId } from '../model/ids.ts';

/**
 * Where workers of a gang reach one another: in the order in which they are tried. A worker that can be reached from
 * nowhere else has `reach` `machine`; only workers of equal reach are in one gang.
 */
export const GangAddress = z.object({
  reach: z.enum(['machine', 'network']),
  hosts: z.array(z.string().min(1).max(253)).min(1).max(16),
  port: z.int().min(1).max(65_535),
});
export type GangAddress = z.infer<typeof GangAddress>;

export const MOST_MEMBERS = 128;

/**
 * A member's place in its gang. `secret`, in hex, is known to the workers of this gang alone: connections between them
 * are TLS 1.2 with it as their pre-shared key (RFC 4279), under an identity of `<lease of who is called>/<rank of who
 * calls>`. The first line that the caller sends is the port inside the other member's box; then bytes go both ways.
 */
export const GangPlace = z.object({
  rank: z.int().nonnegative(),
  /** By their ranks; null for a worker that was not heard from since this process started. */
  members: z
    .array(z.object({ lease: LeaseId, address: GangAddress.nullable() }))
    .min(1)
    .max(MOST_MEMBERS),
  secret: z.string().regex(/^[0-9a-f]{64}$/),
});
export type GangPlace = z.infer<typeof GangPlace>;
