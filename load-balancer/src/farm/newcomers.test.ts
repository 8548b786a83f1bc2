import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFarm } from './farm.ts';
import { admitNewcomer, networkOf } from './newcomers.ts';

test('a thousand come at once from one address, then five a second; others are let in meanwhile', () => {
  const farm = createFarm(0);
  const come = (count: number, address: string, now: number) =>
    Array.from({ length: count }, () => admitNewcomer(farm, address, now)).filter(Boolean).length;
  assert.equal(come(2_000, '10.0.0.1', 0), 1_000);
  assert.equal(come(10, '::ffff:10.0.0.1', 0), 0);
  assert.equal(come(10, '10.0.0.2', 0), 10);
  assert.equal(come(2_000, '2001:db8::1', 0), 990, 'all together are bounded too');
  assert.equal(come(100, '10.0.0.1', 2_000), 10);
  assert.equal(come(100, '10.0.0.9', 2_000), 30);
});

test('however they come, no address gets more than its bucket and what has flowed into it since', () => {
  const moment = fc.record({ wait: fc.nat(5_000), from: fc.nat(3), count: fc.nat(800) });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 30 }), (moments) => {
      const farm = createFarm(0);
      const admitted = [0, 0, 0, 0];
      let now = 0;
      for (const { wait, from, count } of moments) {
        now += wait;
        for (let one = 0; one < count; one += 1) {
          if (admitNewcomer(farm, `10.0.0.${from}`, now)) admitted[from] = (admitted[from] ?? 0) + 1;
        }
        for (const of of admitted) assert.ok(of <= 1_000 + (5 * now) / 1_000);
        const all = admitted.reduce((sum, of) => sum + of, 0);
        assert.ok(all <= 2_000 + (20 * now) / 1_000);
      }
    }),
    { numRuns: 50 },
  );
});

test('addresses are remembered only while they matter', () => {
  const farm = createFarm(0);
  for (let second = 0; second < 5_000; second += 1) {
    for (let one = 0; one < 10; one += 1) {
      assert.ok(admitNewcomer(farm, `10.${second >> 8}.${second & 255}.${one}`, second * 1_000));
    }
  }
  assert.ok(farm.newcomers.byAddress.size <= 1_010, `${farm.newcomers.byAddress.size} addresses`);
});

test('networks', () => {
  for (const [address, network] of [
    ['192.168.1.9', '192.168.1.9'],
    ['::FFFF:192.168.1.9', '192.168.1.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1:2%eth0', 'fe80:0:0:0'],
    ['a::b:c:d:e:f:1', 'a:0:b:c'],
  ] as const) {
    assert.equal(networkOf(address), network, address);
  }
});
