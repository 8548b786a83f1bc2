import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeasuredValues } from './measured.ts';

test('sixteen finite numbers with short names are taken, and no more', () => {
  const names = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, i]));
  const taken = (values: unknown) => MeasuredValues.safeParse(values).success;
  assert.ok(taken({ loss: 0.31, accuracy: -1e300 }));
  assert.ok(taken({}));
  assert.ok(taken(names(16)));
  assert.ok(!taken(names(17)));
  assert.ok(!taken({ loss: Number.NaN }));
  assert.ok(!taken({ loss: null }));
  assert.ok(!taken({ loss: '0.3' }));
  assert.ok(!taken({ '': 1 }));
  assert.ok(taken({ ['x'.repeat(32)]: 1 }) && !taken({ ['x'.repeat(33)]: 1 }));
});
