import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import fc from 'fast-check';
import type { JobOrder, JobQuery } from '../api/farm.ts';
import { type JobPages, matchesQuery, placeRow, removeRow } from './job-list.ts';

const row = (id: string, createdAt: number, state = 'running', more: Partial<JobSummary> = {}) =>
  ({ id, createdAt, state, name: id, priority: 0, bytes: null, ...more }) as unknown as JobSummary;
const list = (next: string | null, ...pages: JobSummary[][]): JobPages => ({
  pages: pages.map((jobs) => ({ jobs, next, total: pages.flat().length, states: {} })),
  pageParams: pages.map(() => null),
});
const names = (pages: JobPages) => pages.pages.map((page) => page.jobs.map((job) => job.id).join(''));
const query = (more: Partial<JobQuery> = {}): JobQuery => ({
  state: undefined,
  q: '',
  sort: 'newest',
  ...more,
});

test('a changed row is replaced where it stands', () => {
  const pages = list(null, [row('c', 3)], [row('b', 2), row('a', 1)]);
  const after = placeRow(pages, row('b', 2, 'completed'), query());
  assert.deepEqual(names(after), ['c', 'ba']);
  assert.equal(after.pages[1]?.jobs[0]?.state, 'completed');
});

test('a new job comes where its order puts it and is counted; of a page not loaded it is only counted', () => {
  const pages = list('more', [row('c', 3)], [row('b', 2)]);
  const after = placeRow(pages, row('d', 4), query());
  assert.deepEqual([names(after), after.pages[0]?.total], [['dc', 'b'], 3]);
  const old = placeRow(pages, row('x', 0), query());
  assert.deepEqual([names(old), old.pages[0]?.total], [['c', 'b'], 3]);
});

test('where running ones are on top, a job that ends goes down to those that are over', () => {
  const pages = list(null, [row('d', 4), row('c', 3)], [row('b', 2, 'failed'), row('a', 1, 'completed')]);
  assert.deepEqual(names(placeRow(pages, row('d', 4, 'completed'), query({ sort: 'running' }))), [
    'c',
    'dba',
  ]);
  assert.deepEqual(names(placeRow(pages, row('a', 1, 'queued'), query({ sort: 'running' }))), ['dc', 'ab']);
});

test('a row that no longer fits the filter or the words goes, and so does a deleted one', () => {
  const pages = list(null, [row('b', 2), row('a', 1)]);
  const after = placeRow(pages, row('b', 2, 'completed'), query({ state: 'active' }));
  assert.deepEqual([names(after), after.pages[0]?.total], [['a'], 1]);
  assert.deepEqual(names(placeRow(pages, row('b', 2, 'running', { name: 'x' }), query({ q: 'b' }))), ['a']);
  assert.deepEqual(names(removeRow(pages, 'a')), ['b']);
});

test('an empty list takes the first job', () => {
  assert.deepEqual(names(placeRow(list(null, []), row('a', 1), query())), ['a']);
});

test('filters and words', () => {
  assert.equal(matchesQuery(row('a', 1, 'paused'), query({ state: 'active' })), true);
  assert.equal(matchesQuery(row('a', 1, 'failed'), query({ state: 'over' })), true);
  assert.equal(matchesQuery(row('a', 1, 'failed'), query({ state: 'completed' })), false);
  assert.equal(matchesQuery(row('Shot 12 sky', 1), query({ q: ' SKY shot ' })), true);
});

test('rows placed one by one, in whatever order and however often, stand as a sorted list of their last versions', () => {
  const version = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    state: fc.constantFrom('running', 'completed', 'failed'),
    priority: fc.constantFrom(-50, 0, 50),
    bytes: fc.constantFrom(null, 10, 20),
    name: fc.constantFrom('Aa', 'ab', 'B'),
  });
  const orders: JobOrder[] = ['newest', 'oldest', 'running', 'name', 'largest', 'priority'];
  fc.assert(
    fc.property(fc.array(version, { maxLength: 20 }), fc.constantFrom(...orders), (versions, sort) => {
      const jobs = versions.map((one) => row(one.id, one.id.charCodeAt(0), one.state, one as never));
      const placed = jobs.reduce((pages, job) => placeRow(pages, job, query({ sort })), list(null, [], []));
      const last = [...new Map(jobs.map((job) => [job.id, job])).values()];
      const anew = last.reduce((pages, job) => placeRow(pages, job, query({ sort })), list(null, [], []));
      assert.equal(names(placed).join(''), names(anew).join(''));
      assert.equal(placed.pages[0]?.total, last.length);
    }),
  );
});
