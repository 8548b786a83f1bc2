import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastLines, newLines } from './printed-lines.ts';

test('the last lines are whole, short, and nothing that a terminal executes', () => {
  assert.equal(lastLines('one\ntwo\nthree\n', 9), 'three\n');
  assert.equal(lastLines(`${'x'.repeat(50)}end`, 10), 'xxxxxxxend');
  assert.equal(
    lastLines('\u001b]0;title\u0007red \u001b[1;31mline\u001b[0m\u0007\u009b\n', 100),
    'red line\n',
  );
  assert.equal(lastLines('loss 1\n 10 %\r 20 %\r 30 %', 100), 'loss 1\n 30 %');
  assert.equal(lastLines('a\r\nb\r\n', 100), 'a\nb\n');
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.integer({ min: 1, max: 60 }),
      (text, most) => {
        const shown = lastLines(text, most);
        assert.ok(shown.length <= most && shown.isWellFormed() && !/(?![\n\t])\p{Cc}/u.test(shown));
      },
    ),
  );
});

test('however a text comes in tails, its lines are told once and in order, while nothing is missed', () => {
  assert.deepEqual(newLines('a\nb\n', 'a\nb\nc\nd'), ['c']);
  assert.deepEqual(newLines('a\nb\n', 'b\nc\nd\n'), ['c', 'd']);
  assert.deepEqual(newLines('a\nb\n', '0\na\nb\nc\n'), ['c']);
  assert.deepEqual(newLines('a\nb\n', 'x\ny\n'), ['x', 'y']);
  const steps = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 20 });
  fc.assert(
    fc.property(steps, (grown) => {
      let text = '';
      let before = '';
      let count = 0;
      const told: string[] = [];
      for (const lines of grown) {
        for (let line = 0; line < lines; line += 1) text += `line ${count++}\n`;
        // Room for ten of them, so that at least one is there from the time before.
        const now = lastLines(text, 100);
        told.push(...newLines(before, now));
        before = now;
      }
      assert.deepEqual(told, text.split('\n').slice(0, -1));
    }),
  );
});
