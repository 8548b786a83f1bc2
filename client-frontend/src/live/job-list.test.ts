import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { type JobPages, matchesFilter, placeRow, removeRow } from './job-list.ts';

const row = (id: string, createdAt: number, state = 'running') =>
  ({ id, createdAt, state, name: id }) as unknown as JobSummary;
const list = (...pages: JobSummary[][]): JobPages => ({
  pages: pages.map((jobs) => ({ jobs, next: null, total: pages.flat().length, states: {} })),
  pageParams: pages.map(() => null),
});
const names = (pages: JobPages) => pages.pages.map((page) => page.jobs.map((job) => job.id).join(''));

test('a changed row is replaced where it stands', () => {
  const after = placeRow(
    list([row('c', 3)], [row('b', 2), row('a', 1)]),
    row('b', 2, 'completed'),
    undefined,
  );
  assert.deepEqual(names(after), ['c', 'ba']);
  assert.equal(after.pages[1]?.jobs[0]?.state, 'completed');
});

test('a new job comes on top and is counted, an old one of a page not loaded is left out', () => {
  const pages = list([row('c', 3)], [row('b', 2)]);
  const after = placeRow(pages, row('d', 4), 'active');
  assert.deepEqual(names(after), ['dc', 'b']);
  assert.deepEqual(
    after.pages.map((page) => page.total),
    [3, 3],
  );
  assert.equal(placeRow(pages, row('x', 0), undefined), pages);
});

test('a row that no longer fits the filter goes, and so does a deleted one', () => {
  const pages = list([row('b', 2), row('a', 1)]);
  const after = placeRow(pages, row('b', 2, 'completed'), 'active');
  assert.deepEqual(names(after), ['a']);
  assert.equal(after.pages[0]?.total, 1);
  assert.deepEqual(names(removeRow(pages, 'a')), ['b']);
});

test('an empty list takes the first job', () => {
  assert.deepEqual(names(placeRow(list([]), row('a', 1), undefined)), ['a']);
});

test('filters', () => {
  assert.equal(matchesFilter(row('a', 1, 'paused'), 'active'), true);
  assert.equal(matchesFilter(row('a', 1, 'failed'), 'over'), true);
  assert.equal(matchesFilter(row('a', 1, 'failed'), 'completed'), false);
});
