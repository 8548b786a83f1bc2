import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pooledRandom } from './pooled-random.ts';

test('no byte is given twice, whatever is asked for across the ends of a pool', () => {
  const random = pooledRandom();
  const seen = new Set<string>();
  for (let i = 0; i < 3_000; i += 1) seen.add(Buffer.from(random(20)).toString('hex'));
  assert.equal(seen.size, 3_000);
  const large = random(20_000);
  assert.equal(large.length, 20_000);
  assert.ok(large.some((byte) => byte !== 0));
  // What was given stays as it was.
  const [first, copy] = [random(16), new Uint8Array(16)];
  copy.set(first);
  for (let i = 0; i < 1_000; i += 1) random(100);
  assert.deepEqual(first, copy);
});
