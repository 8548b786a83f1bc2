import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readStart } from './start.ts';

const digits = fileURLToPath(new URL('../../../../examples/training/digits.npz', import.meta.url));

test('--from is a file where there is one, and else a training with the round that is meant', () => {
  assert.equal(readStart(undefined, false), null);
  assert.deepEqual(readStart(digits, true), { path: digits, fitting: true });
  const fitting = false;
  assert.deepEqual(readStart('job_abc', fitting), { job: 'job_abc', round: 'best', fitting });
  assert.deepEqual(readStart('abc@last', fitting), { job: 'job_abc', round: 'last', fitting });
  assert.deepEqual(readStart('job_abc@12', fitting), { job: 'job_abc', round: 12, fitting });
});

test('what --from cannot be is told in a sentence', () => {
  const said = (typed: string | undefined, fitting = false) => {
    try {
      return readStart(typed, fitting);
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  assert.match(String(said('none.npz')), /^--from none\.npz: there is no such file\.$/);
  assert.match(
    String(said(fileURLToPath(import.meta.url))),
    /give weights as \.npz, \.safetensors, or a \.pt/,
  );
  assert.match(String(said('job_abc@0')), /give a file of weights .*, or a training such as/);
  assert.match(String(said(undefined, true)), /^--fitting says how to take weights/);
});
