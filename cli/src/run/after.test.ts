import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAfter } from './after.ts';

test('--after names a job, and how it has to end', () => {
  assert.deepEqual(readAfter(undefined), []);
  assert.deepEqual(readAfter(['job_4k2m', '4k2m:failure', 'job_1:Always']), [
    { job: 'job_4k2m', on: 'success' },
    { job: '4k2m', on: 'failure' },
    { job: 'job_1', on: 'always' },
  ]);
  for (const typed of ['', ':always', 'job_1:later', 'job_1:always:failure'])
    assert.throws(() => readAfter([typed]), /--after .*: write the id of a job/);
});
