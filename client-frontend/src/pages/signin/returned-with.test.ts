import assert from 'node:assert/strict';
import { test } from 'node:test';
import { returnedWith } from './returned-with.ts';

const ways = { password: true, oidc: [{ id: 'oidc', name: 'Campus' }], clerk: null };

test('what came of signing in by another service is said in the words of the farm alone', () => {
  assert.match(returnedWith(ways, '?problem=issuer-down&by=Campus') ?? '', /^Campus does not answer/);
  assert.match(
    returnedWith(ways, '?problem=issuer-down&by=Call%20555-0100%20now') ?? '',
    /^The other service does not answer/,
  );
  assert.equal(returnedWith(ways, '?problem=constructor&by=Campus'), null);
  assert.equal(returnedWith(ways, ''), null);
});
