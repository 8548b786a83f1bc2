import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { parseMessage, parseText } from './parse.ts';

const Message = z.object({ id: z.int(), result: z.unknown() });

test('a message is parsed, and a wrong one named by its place', () => {
  assert.deepEqual(parseText(Message, '{"id":1,"result":[]}'), { ok: true, message: { id: 1, result: [] } });
  assert.deepEqual(parseText(Message, '{"id":1e400}'), {
    ok: false,
    issue: 'id: Invalid input: expected number, received Infinity',
  });
  assert.deepEqual(parseText(Message, '{"id":'), { ok: false, issue: 'it is no JSON' });
  assert.equal(parseText(Message, 'null').ok, false);
});

test('nested too deep it is refused without a walk to its bottom, along whatever branch', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const text = (depth: number) => `{"id":1,"result":{"a":1,"b":[1,${nested(depth)},2]}}`;
  assert.equal(parseText(Message, text(61)).ok, true);
  assert.deepEqual(parseText(Message, text(62)), { ok: false, issue: 'it is nested more than 64 deep' });
  assert.equal(parseText(Message, text(300_000)).ok, false);
});

test('a long name of the sender does not make a long answer', () => {
  const names = z.object({ values: z.record(z.string(), z.number()) });
  const parsed = parseMessage(names, { values: { ['x'.repeat(1_000_000)]: 'no number' } });
  assert.ok(!parsed.ok && parsed.issue.length <= 300);
});

test('bytes are refused, though a short message name the same ones many times', () => {
  // As socket.io-parser makes it of {"_placeholder":true,"num":0}, repeated: to look into each takes hours.
  const attachment = Buffer.alloc(2_000_000);
  const result = Array.from({ length: 70_000 }, () => attachment);
  const refused = { ok: false, issue: 'it holds bytes' } as const;
  assert.deepEqual(parseMessage(Message, { id: 1, result }), refused);
  assert.deepEqual(parseMessage(Message, { id: 1, result: new ArrayBuffer(8) }), refused);
});
