import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visibleCards } from './visible-cards.ts';

const gpu = (device: string) => ({ name: 'Card', memoryBytes: null, device });
const [nvidia, second, amd, intel] = ['cuda:0', 'cuda:1', 'hip:0', 'oneapi:0'].map(gpu);

test('a child sees the cards that it was given, and of other platforms that the machine has none', () => {
  assert.ok(nvidia && second && amd && intel);
  const all = [nvidia, second, amd, intel];
  assert.deepEqual(visibleCards({ given: [second], all }, {}), {
    CUDA_VISIBLE_DEVICES: '1',
    HIP_VISIBLE_DEVICES: '-1',
    ONEAPI_DEVICE_SELECTOR: '*:cpu',
  });
  assert.deepEqual(visibleCards({ given: [nvidia, second], all: [nvidia, second] }, {}), {
    CUDA_VISIBLE_DEVICES: '0,1',
  });
  assert.deepEqual(visibleCards({ given: [intel], all: [intel] }, {}), {
    ONEAPI_DEVICE_SELECTOR: 'level_zero:0',
  });
  assert.deepEqual(visibleCards({ given: [], all: [] }, {}), {});
});

test('of a worker that sees some of its machine’s cards only, they are named as those are', () => {
  assert.ok(nvidia && second);
  const own = { CUDA_VISIBLE_DEVICES: 'GPU-1234, GPU-abcd' };
  const seen = visibleCards({ given: [second], all: [nvidia, second] }, own);
  assert.deepEqual(seen, { CUDA_VISIBLE_DEVICES: 'GPU-abcd' });
});
