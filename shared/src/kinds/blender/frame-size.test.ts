import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameSize } from './frame-size.ts';

test('a percentage cuts off, as Blender does', () => {
  const half = frameSize({ resolutionX: 101, resolutionY: 57, percentage: 50 });
  assert.deepEqual(half, { width: 50, height: 28 });
});
