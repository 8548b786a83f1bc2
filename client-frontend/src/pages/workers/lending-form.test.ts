import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lending } from '@parallel-pilot/shared/model/lending.ts';
import { formOf, lendingOf, NIGHT } from './lending-form.ts';
import { lentInWords } from './lent-words.ts';

test('a form that nobody touches says what it was made from', () => {
  const berlin = (spans: object[]) => ({ hours: [{ timeZone: 'Europe/Berlin', spans }] });
  const weekend = { days: ['sat', 'sun'], from: '00:00', to: '24:00' };
  for (const given of [
    {
      ...berlin([NIGHT]),
      onlyIdle: true,
      threads: 4,
      memoryBytes: 1.5e9,
      diskBytes: 2e9,
      kinds: ['some'],
      gpus: [],
    },
    berlin([weekend, { days: ['mon'], from: '09:00', to: '17:00' }]),
    { threadsPercent: 50, gpus: ['a card'] },
  ]) {
    const lending = Lending.parse(given);
    assert.deepEqual(lendingOf(formOf(lending), lending), { ok: true, lending });
  }
  assert.deepEqual(lendingOf(formOf({}), {}), { ok: true, lending: null });
});

test('what cannot be is said before it is sent', () => {
  const form = { ...formOf({}), when: 'days' as const };
  const said = (more: object) => {
    const read = lendingOf({ ...form, ...more }, {});
    return read.ok ? null : read.message;
  };
  assert.equal(said({ spans: [{ ...NIGHT, from: '' }] }), 'Say from when to when it is lent.');
  assert.equal(said({ spans: [{ ...NIGHT, days: [] }] }), 'Choose the days on which it is lent.');
  assert.equal(said({ kinds: [] }), 'Choose a kind of work that it is lent for.');
  assert.match(said({ timeZone: 'Nowhere' }) ?? '', /time zone/);
  assert.equal(said({}), null);
});

test('whether it is lent now is a sentence', () => {
  assert.equal(lentInWords({ open: true, until: null }), 'Lent now.');
  const from = new Date(2026, 10, 22, 22, 0).getTime();
  assert.equal(
    lentInWords({ open: false, because: 'hours', from, timeZone: 'UTC' }),
    'Not lent now, but from Sunday 22:00 on.',
  );
});
