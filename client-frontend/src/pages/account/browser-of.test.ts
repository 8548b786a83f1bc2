import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserOf } from './browser-of.ts';

test('browsers that call themselves others are told by what is theirs alone', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
  assert.equal(browserOf(chrome), 'Chrome on Linux');
  assert.equal(browserOf(`${chrome} Edg/142.0.0.0`), 'Edge on Linux');
  assert.equal(
    browserOf(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    ),
    'Safari on iOS',
  );
  assert.equal(
    browserOf('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'),
    'Firefox on Windows',
  );
  assert.equal(browserOf('curl/8.5.0'), 'A program');
  assert.equal(browserOf(''), 'A program');
});
