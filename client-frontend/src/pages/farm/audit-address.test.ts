import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedOf, dayOf, withChoice } from './audit-address.ts';

test('days of the address are asked for as times, the last one whole', () => {
  const asked = askedOf(new URLSearchParams('from=2026-11-01&to=2026-11-30&action=key.create&other=x'));
  assert.equal(asked.get('from'), String(new Date(2026, 10, 1).getTime()));
  assert.equal(asked.get('to'), String(new Date(2026, 11, 1).getTime()));
  assert.equal(asked.get('action'), 'key.create');
  assert.equal(asked.has('other'), false);
});

test('what is no day, and empty choices, are not asked for', () => {
  const address = new URLSearchParams('from=yesterday&person=');
  assert.equal(askedOf(address).toString(), '');
  assert.equal(dayOf(address, 'from'), '');
  assert.equal(
    withChoice(new URLSearchParams('team=tea_1&action=other'), 'team', '').toString(),
    'action=other',
  );
});
