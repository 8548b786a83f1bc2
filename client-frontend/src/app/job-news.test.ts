import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { newsOfJob } from './job-news.ts';

type Row = Parameters<typeof newsOfJob>[1];
const row = (state: JobSummary['state'], more: Partial<Row> = {}): Row => ({
  name: 'A walk',
  state,
  problem: null,
  deadline: null,
  ...more,
});
const past: Row['deadline'] = { code: 'past', at: 0, message: 'An hour late.' } as never;
const title = (before: Parameters<typeof newsOfJob>[0], job: Row) =>
  newsOfJob(before, job).news?.title ?? null;

test('a job that was known under way is news when it ends, by whichever answer that is learned', () => {
  assert.equal(title('under-way', row('completed')), 'A walk is finished');
  assert.equal(title('late', row('completed')), 'A walk is finished');
  const failed = newsOfJob('under-way', row('failed', { problem: { code: 'x', message: 'No camera.' } }));
  assert.deepEqual(failed.news, { title: 'A walk failed', body: 'No camera.' });
});

test('what was over before it was known, and what somebody canceled, is none', () => {
  assert.equal(title(undefined, row('completed')), null);
  assert.equal(title('under-way', row('canceled')), null);
  assert.equal(newsOfJob(undefined, row('completed')).over, true);
});

test('that a job is late is told once, and not where it was late before', () => {
  const late = row('running', { deadline: past });
  assert.equal(title('under-way', late), 'A walk is late');
  assert.equal(newsOfJob('under-way', late).known, 'late');
  assert.equal(title('late', late), null);
  assert.equal(title(undefined, late), null);
  assert.equal(newsOfJob('late', row('running')).known, 'under-way', 'it was given a later deadline');
});
