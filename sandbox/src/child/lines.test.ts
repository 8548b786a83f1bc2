import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineReader } from './lines.ts';
import { createTail } from './tail.ts';

function read(parts: (string | Buffer)[], maxLength = 20): string[] {
  const lines: string[] = [];
  const reader = createLineReader(maxLength, (line) => lines.push(line));
  for (const part of parts) reader.push(Buffer.from(part));
  reader.end();
  return lines;
}

test('lines end at LF, CR and CRLF, wherever the pieces were cut', () => {
  assert.deepEqual(read(['one\ntw', 'o\r', '\nthree\rfour\n\nfi', 've']), [
    'one',
    'two',
    'three',
    'four',
    'five',
  ]);
});

test('a character cut between two pieces stays whole', () => {
  const bytes = Buffer.from('größe\n');
  assert.deepEqual(read([bytes.subarray(0, 3), bytes.subarray(3)]), ['größe']);
});

test('of a line without end only the beginning is held', () => {
  const long = 'x'.repeat(100_000);
  assert.deepEqual(read([long, long, 'y\nnext\n']), [`${'x'.repeat(20)}…`, 'next']);
});

test('a tail keeps the last lines, within its lines and its characters', () => {
  const tail = createTail(3, 20);
  for (let i = 0; i < 100_000; i += 1) tail.add(`line ${i}`);
  assert.deepEqual(tail.lines(), ['line 99998', 'line 99999'].slice(-1));
  tail.clear();
  for (const line of ['a', 'b', 'c', 'd']) tail.add(line);
  assert.equal(tail.text(), 'b\nc\nd');
  tail.add('z'.repeat(500));
  assert.ok(tail.text().length <= 20);
});
