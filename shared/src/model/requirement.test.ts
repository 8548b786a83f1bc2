import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, meets, unmet } from './requirement.ts';

const worker = {
  'blender.version': '3.4.1',
  'blender.engines': ['CYCLES'],
  'blender.denoiser': false,
  cores: 8,
};

test('versions compare part by part, not as text', () => {
  assert.equal(compareVersions('3.10', '3.4.1'), 1);
  assert.equal(compareVersions('3.4', '3.4.0'), 0);
  assert.equal(compareVersions('2.79', '3'), -1);
});

test('a requirement is met by what the worker names, and by nothing it does not name', () => {
  assert.ok(meets(worker, { key: 'blender.version', op: 'atLeast', value: '2.77' }));
  assert.ok(!meets(worker, { key: 'blender.version', op: 'atLeast', value: '5.0' }));
  assert.ok(meets(worker, { key: 'blender.engines', op: 'includes', value: 'CYCLES' }));
  assert.ok(!meets(worker, { key: 'blender.engines', op: 'includes', value: 'BLENDER_EEVEE' }));
  assert.ok(meets(worker, { key: 'blender.denoiser', op: 'equals', value: false }));
  assert.ok(meets(worker, { key: 'cores', op: 'atLeast', value: 8 }));
  assert.ok(!meets(worker, { key: 'gpu', op: 'atLeast', value: 1 }));
  assert.ok(!meets(worker, { key: 'blender.denoiser', op: 'atLeast', value: 1 }));
});

test('unmet names what is lacking', () => {
  const need = { key: 'blender.denoiser', op: 'equals' as const, value: true };
  assert.deepEqual(unmet(worker, [need, { key: 'cores', op: 'atLeast', value: 2 }]), [need]);
});
