import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stageWords } from './stage-words.ts';

test('a training under way is told by what it does and how far it is', () => {
  const counts = { total: 1, queued: 1, leased: 0, running: 0, done: 0, failed: 0, canceled: 0 };
  const told = (state: 'running' | 'paused' | 'assembling', stage: string, fraction: number, running = 0) =>
    stageWords({ state, stage, fraction, counts: { ...counts, running } });
  assert.equal(told('running', 'train', 0.384), 'Training, 38 %');
  assert.equal(told('running', 'merge', 0.384), 'Merging, 38 %');
  assert.equal(told('paused', 'train', 0.5), 'Paused, 50 %');
  assert.equal(told('assembling', 'evaluate', 0.999), 'Putting the model together, 99 %');
  assert.equal(told('running', 'initialize', 0), 'Waiting for a worker');
  assert.equal(told('running', 'initialize', 0.001, 1), 'Making the first weights, 1 %');
});
