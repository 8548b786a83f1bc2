import { networkInterfaces } from 'node:os';
import type { GangAddress } from '@parallel-pilot/shared/protocol/gang.ts';
import { z } from 'zod';

/** Where gang members of a worker are to be reached, as its owner says; `auto` leaves it to the worker. */
export type GangSetting = 'auto' | 'none' | { host: string; port: number };

/** "none", "192.168.1.7", "worker-7.example:7400", "[fd00::7]:7400". */
export const GangSettingText = z.string().transform((text, context): GangSetting => {
  const given = text.trim();
  if (given === '' || given === 'auto') return 'auto';
  if (given === 'none') return 'none';
  const url = URL.parse(`tcp://${given}`);
  const isPlain = url !== null && url.hostname !== '' && url.host === given.toLowerCase();
  if (!isPlain) {
    context.addIssue({ code: 'custom', message: 'expected "none", or an address such as 192.168.1.7:7400' });
    return z.NEVER;
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 0 : Number(url.port) };
});

type Places = Omit<GangAddress, 'port'> & { port: number; listenOn: string | undefined };

/**
 * What the worker says of itself, and on what it listens; null where it is in no gang. One that joins its farm over
 * this machine's own loopback is reached there, and nobody else can so much as try.
 */
export function gangPlaces(
  setting: GangSetting,
  join: string,
  interfaces = networkInterfaces(),
): Places | null {
  if (setting === 'none') return null;
  if (setting !== 'auto') {
    const reach = isLoopback(setting.host) ? 'machine' : 'network';
    return {
      reach,
      hosts: [setting.host],
      port: setting.port,
      listenOn: isLoopback(setting.host) ? setting.host : undefined,
    };
  }
  if (isLoopback(new URL(join).hostname))
    return { reach: 'machine', hosts: ['127.0.0.1'], port: 0, listenOn: '127.0.0.1' };
  const addresses = Object.values(interfaces)
    .flatMap((of) => of ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  // IPv4 first: what has both is reached by it more often.
  addresses.sort((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : 0));
  const hosts = addresses.map(({ address }) => address).slice(0, 16);
  return hosts.length === 0 ? null : { reach: 'network', hosts, port: 0, listenOn: undefined };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || /^127\./.test(host);
