import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMarkedOutput } from './marked-output.ts';

test('however a stream is cut, each run has what it printed and its mark', async () => {
  const printed = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(printed, { minLength: 1, maxLength: 4 }), pieces, async (runs, sizes) => {
      const output = createMarkedOutput();
      for (const [index, own] of runs.entries()) {
        const word = `word${index}x`;
        const got: Buffer[] = [];
        const rest = output.next(word, (bytes) => got.push(Buffer.from(bytes)));
        const sent = Buffer.concat([own, Buffer.from(`\0${word} ${index}\n`)]);
        for (let at = 0, piece = 0; at < sent.length; piece += 1) {
          const size = sizes[piece % sizes.length] ?? 1;
          output.push(sent.subarray(at, at + size));
          at += size;
        }
        assert.equal(await rest, String(index));
        assert.deepEqual(Buffer.concat(got), own);
      }
    }),
  );
});

test('a mark of another run is a run’s own output, and what comes between two runs is nobody’s', async () => {
  const output = createMarkedOutput();
  const got: Buffer[] = [];
  output.push(Buffer.from('before'));
  const rest = output.next('mine', (bytes) => got.push(Buffer.from(bytes)));
  output.push(Buffer.from('\0other 0\n\0mine 3\nafter'));
  assert.equal(await rest, '3');
  assert.equal(Buffer.concat(got).toString(), '\0other 0\n');
});
