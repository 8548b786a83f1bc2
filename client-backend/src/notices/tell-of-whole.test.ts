import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobState, JobStatus } from '@parallel-pilot/shared/model/job.ts';
import { endOfWhole } from './tell-of-whole.ts';

const many = (count: number, state: JobStatus): JobStatus[] => Array(count).fill(state);
const done: JobState = { status: 'completed' };
const failed: JobState = { status: 'failed', code: 'x', message: 'No camera.' };
const canceled: JobState = { status: 'canceled' };
const stopped: JobState = { status: 'canceled', reason: { code: 'stopped', message: 'Too slow.' } };

for (const [states, to, told] of [
  [many(400, 'completed'), done, 'done: All 400 jobs are done.'],
  [many(2, 'completed'), done, 'done: Both jobs are done.'],
  [many(1, 'completed'), done, 'done: Its job is done.'],
  [[...many(2, 'completed'), ...many(1, 'failed')], done, 'failed: 2 of 3 jobs are done, 1 failed.'],
  [
    [...many(1, 'completed'), ...many(2, 'failed'), ...many(1, 'canceled')],
    failed,
    'failed: 1 of 4 jobs is done, 2 failed, 1 was canceled. simulate: No camera.',
  ],
  // A sweep that stopped its losers.
  [
    [...many(3, 'completed'), ...many(6, 'canceled')],
    stopped,
    'done: 3 of 9 jobs are done, 6 were canceled.',
  ],
  // Whoever cancels knows.
  [[...many(3, 'completed'), ...many(6, 'canceled')], canceled, null],
  [many(3, 'canceled'), stopped, null],
] as [JobStatus[], JobState, string | null][])
  test(`${states.length} jobs of which the last ${to.status === 'canceled' ? 'was' : 'is'} ${to.status}: ${told ?? 'nothing is told'}`, () => {
    const end = endOfWhole(states, 'simulate', to);
    assert.equal(end && `${end.event}: ${end.message}`, told);
  });
