import { setTimeout as pause } from 'node:timers/promises';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import { FARM_SERVICE } from '@parallel-pilot/shared/protocol/discovery.ts';
import multicastDns, { type ResponsePacket } from 'multicast-dns';
import { z } from 'zod';

/** `url` is all that is believed of an answer, and that only to be shown; `name` is what the machine calls itself. */
export type FoundFarm = { name: string; url: string };

export type Search = {
  /** How long answers are waited for: all of it, since a farm may have neighbours. Milliseconds. */
  withinMs?: number;
  /** Another UDP port than that of multicast DNS; left out but in tests. */
  udpPort?: number;
};

/** A question or an answer may get lost on a radio network, and each farm answers once a second at most. */
const ASK_EVERY_MS = 700;
/** More have no place in a question to a person. */
const MOST_FARMS = 20;

/** Asks the local network for farms. Rejects where this machine cannot ask. */
export async function findFarms({ withinMs = 2_500, udpPort }: Search = {}): Promise<FoundFarm[]> {
  const found = new Map<string, FoundFarm>();
  const mdns = multicastDns({ ...(udpPort === undefined ? {} : { port: udpPort }) });
  const failed = Promise.withResolvers<never>();
  mdns.on('error', failed.reject);
  mdns.on('response', (packet: ResponsePacket, { address }: { address: string }) => {
    for (const farm of farmsIn(packet, address)) if (found.size < MOST_FARMS) found.set(farm.url, farm);
  });
  const ask = () => mdns.query(FARM_SERVICE, 'PTR');
  ask();
  const asking = setInterval(ask, ASK_EVERY_MS);
  try {
    await Promise.race([pause(withinMs), failed.promise]);
  } finally {
    clearInterval(asking);
    mdns.destroy();
  }
  return [...found.values()].toSorted((a, b) => (a.url < b.url ? -1 : 1));
}

const Service = z.object({ port: z.int().min(1).max(65_535), target: z.string() });
const Address = z.ipv4();

/**
 * The farms that an answer tells of; `sender` is where it came from. Each has to name a service of ours, its port and
 * an address; of several, the one that the answer came from is known to reach this machine.
 */
export function farmsIn({ answers = [], additionals = [] }: ResponsePacket, sender: string): FoundFarm[] {
  const records = [...answers, ...additionals].filter((it) => 'ttl' in it && it.ttl !== 0);
  return records.flatMap((record): FoundFarm[] => {
    if (record.type !== 'SRV' || !record.name.toLowerCase().endsWith(`.${FARM_SERVICE}`)) return [];
    const service = Service.safeParse(record.data);
    if (!service.success) return [];
    const { port, target } = service.data;
    const named = records.flatMap((it) => (it.type === 'A' && it.name === target ? [it.data] : []));
    const address = named.includes(sender) ? sender : Address.safeParse(named[0]).data;
    if (address === undefined) return [];
    const name = oneLine(target.replace(/\.local$/i, '')).slice(0, 63);
    return [{ name, url: `http://${address}:${port}` }];
  });
}
