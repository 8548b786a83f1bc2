import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fillIn, wordsProblem } from './words.ts';

test('names in braces are replaced, and nothing else is', () => {
  const words = ['--lr={lr}', '{lr}{seed}', "'{print $1}'", '{"a": 1}', '{{lr}}', '{ lr }', '{none}'];
  assert.deepEqual(fillIn(words, { lr: '0.1', seed: '7' }), [
    ...['--lr=0.1', '0.17', "'{print $1}'", '{"a": 1}', '{lr}', '{ lr }', '{none}'],
  ]);
});

test('whatever a value holds, it stays a part of its word, and is not looked at again', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string(), (words, value) => {
      const plain = words.map((word) => word.replaceAll(/[{}]/g, ''));
      assert.deepEqual(fillIn([...plain, 'x{v}y'], { v: value }), [...plain, `x${value}y`]);
    }),
  );
  assert.deepEqual(fillIn(['{a}'], { a: '{b}', b: 'c' }), ['{b}']);
  assert.deepEqual(fillIn(['{constructor}'], {}), ['{constructor}']);
});

test('a name that nobody gave is refused with the nearest', () => {
  assert.equal(wordsProblem(['sim', '{seed}', '{run}', '{{x}}'], ['seed']), null);
  assert.match(
    wordsProblem(['sim', '{sed}'], ['seed']) ?? '',
    /no parameter \{sed\}\. Did you mean \{seed\}\?/,
  );
  assert.match(
    wordsProblem(['sim', '{whatever}'], []) ?? '',
    /Known are \{run\}, \{runs\}; write \{\{whatever\}\}/,
  );
  assert.match(wordsProblem(['A=1', 'sim'], []) ?? '', /use env: env A=1/);
});
