import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNpyHeader } from './npy-header.ts';
import { npyBytes } from './npz.fixture.ts';

test('numbers of a size that NumPy does not have are refused by their name', () => {
  const read = (descr: string) => parseNpyHeader(npyBytes({ descr, shape: [3], bytes: Buffer.alloc(0) }));
  for (const descr of ['<i7', '<u3', '>i16', '|i0', '<f1', '<c4', '|b2']) {
    const parsed = read(descr);
    assert.ok(!parsed.ok && parsed.message.includes(descr), `${descr} is taken`);
  }
  for (const descr of ['|i1', '>i8', '<u2', '<f2', '<f16', '<c8', '|b1', '<U3', '|S7', '|S0'])
    assert.ok(read(descr).ok, `${descr} is refused`);
});
