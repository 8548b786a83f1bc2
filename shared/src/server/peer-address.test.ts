import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientAddress, parseAddresses, peerOf } from './peer-address.ts';

test('an IPv4 address is one peer however it is written, an IPv6 network of a customer too', () => {
  assert.equal(peerOf('192.0.2.7'), '192.0.2.7');
  assert.equal(peerOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(peerOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(peerOf('2001:db8:1:2::9'), peerOf('2001:0db8:1:2:ffff::'));
  assert.notEqual(peerOf('2001:db8:1:3::9'), peerOf('2001:db8:1:2::9'));
  assert.equal(peerOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(peerOf('::1'), '0:0:0:0::/64');
  assert.equal(peerOf(undefined), 'unknown');
});

test('every IPv6 address is the peer of its first four groups', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      fc.pre(isIPv6(address) && !/^::ffff:\d+\./i.test(address));
      const [head = ''] = peerOf(address).split('::/64');
      assert.equal(head.split(':').length, 4, `${address} -> ${peerOf(address)}`);
      const [, groups = ''] = /^\[(.*)\]$/.exec(new URL(`http://[${head}:0:0:0:0]`).hostname) ?? [];
      assert.ok(isIPv6(groups), `${address} -> ${peerOf(address)}`);
    }),
  );
});

test('only what a trusted proxy says of its client is believed', () => {
  const proxies = parseAddresses('127.0.0.1, 10.0.0.0/8');
  const client = (connected: string, forwarded?: string) => clientAddress(connected, forwarded, proxies);
  assert.equal(client('192.0.2.7', '198.51.100.1'), '192.0.2.7');
  assert.equal(client('127.0.0.1', '198.51.100.1'), '198.51.100.1');
  assert.equal(client('::ffff:127.0.0.1', '192.0.2.1, 198.51.100.1, 10.1.1.1'), '198.51.100.1');
  assert.equal(client('127.0.0.1'), '127.0.0.1');
  assert.equal(client('127.0.0.1', 'nonsense'), '127.0.0.1');
  assert.equal(client('127.0.0.1', '10.0.0.1'), '10.0.0.1');
  assert.throws(() => parseAddresses('proxy.example'), /"proxy\.example" is neither/);
  assert.throws(() => parseAddresses('10.0.0.0/33'), /neither/);
  assert.equal(parseAddresses('').has('127.0.0.1'), false);
});
