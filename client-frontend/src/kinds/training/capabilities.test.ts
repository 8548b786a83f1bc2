import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from './capabilities.ts';

test('a version is told without the marks of its build', () => {
  const told = (version: string) => capabilities['training.torch']?.(version).map((ability) => ability.text);
  assert.deepEqual(told('1.13.0a0+gitunknown'), ['PyTorch 1.13.0']);
  assert.deepEqual(told('2.9.1+cu128'), ['PyTorch 2.9.1']);
  assert.deepEqual(told('2.4.0'), ['PyTorch 2.4.0']);
  assert.deepEqual(told('nightly'), ['PyTorch nightly']);
});
