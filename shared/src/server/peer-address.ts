import { BlockList, isIP, isIPv4 } from 'node:net';

/** A peer as it is counted: an IPv4 address, or the /64 of an IPv6 one, which is what one customer is given. */
export function peerOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // A dotted end stands for two groups, and is never among the first four.
  const count = before.length + after.length + (plain.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - count);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

export type Addresses = { has(address: string): boolean };

/** "10.0.0.7, 10.1.0.0/16, fd00::/8" as a set; throws an Error with a sentence for an entry that is no address. */
export function parseAddresses(text: string): Addresses {
  const list = new BlockList();
  for (const entry of text.split(',').map((it) => it.trim())) {
    if (entry === '') continue;
    const [address = '', bits] = entry.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    if (family === 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most))) {
      throw new Error(`"${entry}" is neither an address nor a network such as 10.0.0.0/8`);
    }
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(bits), type);
  }
  return { has: (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6') };
}

/**
 * Where a request came from. What a trusted proxy adds to X-Forwarded-For is
 * believed, from the right to the first address that is no such proxy; what
 * the client wrote there itself stands further left and counts for nothing.
 */
export function clientAddress(
  connected: string | undefined,
  forwardedFor: string | string[] | undefined,
  proxies: Addresses,
): string {
  let address = plainAddress(connected ?? 'unknown');
  const chain = [forwardedFor ?? []].flat().join(',').split(',');
  while (proxies.has(address)) {
    const before = plainAddress(chain.pop()?.trim() ?? '');
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');
