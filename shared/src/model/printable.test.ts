import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oneLine, printable, printableJson } from './printable.ts';

test('what a terminal would execute is gone, and all else stays', () => {
  assert.equal(printable('größe\n\t☃ 🐄'), 'größe\n\t☃ 🐄');
  assert.equal(printable('a\u001b]52;c;cGF5\u0007b\u009b2Jc\rd\u007fe\u0000f\u202eg'), 'a]52;c;cGF5b2Jcdefg');
  assert.equal(oneLine('two\nlines\tand\u001b[2J'), 'two lines and[2J');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(
        printable(text),
        /(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
      );
    }),
  );
});

test('JSON says the same, in characters that are shown', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      const shown = printableJson(json);
      assert.doesNotMatch(shown, /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      assert.deepEqual(JSON.parse(shown), JSON.parse(json));
    }),
  );
});
