import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JOB_STATUSES, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { StageCounts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { decide } from './decide.ts';

const what = (status: JobStatus, counts: StageCounts | null, stopsOnFailure = false, enough = false) =>
  decide({ status, counts, stopsOnFailure, enough, isMain: false }).do;

test('a job at work is planned further once nothing of its stage is open', () => {
  for (const status of ['preparing', 'queued', 'running'] as const) {
    assert.equal(what(status, { done: 3 }), 'plan');
    assert.equal(what(status, { done: 2, failed: 1 }), 'plan');
    for (const open of ['queued', 'leased', 'running'] as const) {
      assert.notEqual(what(status, { done: 2, failed: 1, [open]: 1 }), 'plan');
    }
  }
});

test('a queued job is running from its first started chunk on', () => {
  assert.equal(what('queued', { queued: 3, leased: 1 }), 'nothing');
  assert.equal(what('queued', { queued: 3, running: 1 }), 'start');
  assert.equal(what('queued', { queued: 3, done: 1 }), 'start');
  assert.equal(what('running', { queued: 3, running: 1 }), 'nothing');
});

test('so is one whose first stage is its work, and not one that is only looked into', () => {
  const counts = { queued: 3, running: 1 };
  const of = (isMain: boolean) =>
    decide({ status: 'preparing', counts, stopsOnFailure: false, enough: false, isMain }).do;
  assert.deepEqual([of(true), of(false)], ['start', 'nothing']);
});

test('the first failure ends a job only where it should', () => {
  assert.equal(what('running', { queued: 9, failed: 1 }, true), 'plan');
  assert.equal(what('running', { queued: 9, failed: 1 }, false), 'nothing');
});

test('canceled chunks of a live job are owed, not lost', () => {
  assert.equal(what('queued', { done: 2, canceled: 1 }), 'requeue');
  assert.equal(what('running', { done: 2, canceled: 1, failed: 1 }, true), 'requeue');
});

test('a job is put together from a whole stage only', () => {
  assert.equal(what('assembling', { done: 4 }), 'assemble');
  assert.equal(what('assembling', { done: 3, queued: 1 }), 'redo');
  assert.equal(what('assembling', { done: 3, failed: 1 }), 'redo');
});

test('nothing is due for a job that waits for its user or is over, or has no open stage', () => {
  for (const status of ['ready', 'paused', 'completed', 'failed', 'canceled'] as const) {
    assert.equal(what(status, { done: 4 }), 'nothing');
    assert.equal(what(status, { queued: 4, failed: 1, canceled: 1 }, true), 'nothing');
  }
  for (const status of JOB_STATUSES) assert.equal(what(status, null), 'nothing');
});

test('a stage whose quorum is in is planned on without the rest, in every state in which its chunks are worked on', () => {
  for (const status of ['preparing', 'queued', 'running'] as const)
    assert.equal(what(status, { done: 3, running: 1 }, false, true), 'plan');
  assert.equal(what('running', { done: 3, running: 1 }), 'nothing');
  assert.equal(what('paused', { done: 3, running: 1 }, false, true), 'nothing');
});
