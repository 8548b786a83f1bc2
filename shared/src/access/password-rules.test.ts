import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotPassword } from './password-rules.ts';

const ada = { email: 'ada.lovelace@farm.example', name: 'Ada Lovelace' };

test('a password is refused with a sentence for its length, and where it is the account itself', () => {
  assert.match(whyNotPassword('short', ada) ?? '', /has 5 characters and needs 10/);
  assert.match(whyNotPassword('x', ada) ?? '', /has 1 character and/);
  assert.match(whyNotPassword('a'.repeat(129), ada) ?? '', /128 characters at the most/);
  for (const known of ['ada.lovelace@farm.example', 'Ada.Lovelace', ' ADA LOVELACE ']) {
    assert.match(whyNotPassword(known, ada) ?? '', /what others try first/, known);
  }
  assert.match(whyNotPassword('zzzzzzzzzzzz', ada) ?? '', /one character/);
  // Characters, not units of UTF-16.
  assert.match(whyNotPassword('😀😁😂🤣😃', ada) ?? '', /has 5 characters/);
});

test('any ten characters will do, in any script, without rules on which', () => {
  for (const fine of [
    'correct horse',
    'ein langes passwort',
    'пароль-пароль',
    '1234567890 ',
    `${'x'.repeat(64)}y`,
  ]) {
    assert.equal(whyNotPassword(fine, ada), null, fine);
  }
});
