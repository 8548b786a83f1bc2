import { z } from 'zod';

/** How farms are asked for on a local network: DNS-based service discovery (RFC 6763) over multicast DNS (RFC 6762). */
export const FARM_SERVICE = '_parallel-pilot._tcp.local';

/** What a farm tells everybody on its network. */
export const Announcement = z.object({
  /** The machine's name: one label of a DNS name. */
  name: z.string().min(1).max(63),
  /** At which workers join. */
  port: z.int().min(1).max(65_535),
  /** IPv4 addresses at which the load balancer listens. */
  addresses: z.array(z.ipv4()).min(1).max(16),
  /** The one to announce on; null for the machine's usual one. */
  network: z.ipv4().nullable(),
});
export type Announcement = z.infer<typeof Announcement>;

/** Seconds that an answer counts for; RFC 6762 §10 advises 120 for what names a host. */
const LASTS_S = 120;

/** The records by which a farm is found, as one message; with `lastsSeconds` 0 they take it back (RFC 6762 §10.1). */
export function recordsOf({ name, port, addresses }: Announcement, lastsSeconds = LASTS_S) {
  const [service, host] = [`${name} ${port}.${FARM_SERVICE}`, `${name}.local`];
  return [
    { name: FARM_SERVICE, type: 'PTR' as const, ttl: lastsSeconds, data: service },
    { name: service, type: 'SRV' as const, ttl: lastsSeconds, data: { port, target: host } },
    // Every service has one (RFC 6763 §6), though there is nothing to say.
    { name: service, type: 'TXT' as const, ttl: lastsSeconds, data: '' },
    ...addresses.map((data) => ({ name: host, type: 'A' as const, ttl: lastsSeconds, data })),
  ];
}
