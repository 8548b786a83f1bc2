import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf, troubleOf } from './upload-trouble.ts';

const problem = (status: number, detail: string) =>
  JSON.stringify({ type: 'about:blank', title: 'No', status, detail, code: 'no' });

test('what the farm says of its trouble is shown while the upload is tried again', () => {
  assert.equal(
    troubleOf(507, problem(507, 'The disk is full.')),
    'The disk is full. The upload goes on by itself.',
  );
  assert.match(troubleOf(503, problem(503, 'The database is away.')) ?? '', /^The database is away\. The/);
});

test('no answer, or one from something in between, is a lost connection', () => {
  for (const [status, body] of [
    [0, undefined],
    [502, '<html>Bad Gateway</html>'],
    [409, problem(409, 'The upload is at another place than this part.')],
  ] as const) {
    assert.match(troubleOf(status, body) ?? '', /^The connection was lost\./);
  }
});

test('a refusal is not tried again, and has a sentence in any case', () => {
  assert.equal(troubleOf(413, problem(413, 'The file is too large.')), null);
  assert.equal(refusalOf(problem(413, 'The file is too large.')), 'The file is too large.');
  assert.equal(refusalOf('Not here'), 'Not here');
  assert.match(refusalOf(''), /^The upload was broken off/);
});
