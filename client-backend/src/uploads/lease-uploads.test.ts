import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobHash, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { createLeaseUploads } from './lease-uploads.ts';

const [mine, other] = ['mine', 'other'] as LeaseId[] as [LeaseId, LeaseId];
const file = (name: string | number): BlobHash => `${name}` as BlobHash;

test('the files of a lease fit its room together, those on their way among them', () => {
  const uploads = createLeaseUploads(100);
  uploads.begin(mine, file('a'), 60)?.end(60);
  const under = uploads.begin(mine, file('b'), 30);
  assert.equal(under?.maxBytes, 30);
  assert.equal(uploads.begin(mine, file('c'), 11), null);
  assert.equal(uploads.begin(mine, file('c'), null)?.maxBytes, 10, 'of an unknown size: what is left');
  assert.equal(uploads.begin(mine, file('d'), 0), null);
  assert.equal(uploads.begin(other, file('c'), 100)?.maxBytes, 100);
});

test('a file that comes twice counts once, and one that does not come not at all', () => {
  const uploads = createLeaseUploads(100);
  for (let tries = 0; tries < 5; tries += 1) uploads.begin(mine, file('a'), 60)?.end(tries === 0 ? null : 60);
  assert.equal(uploads.begin(mine, file('b'), 41), null);
  uploads.begin(mine, file('b'), 40)?.end(null);
  uploads.begin(mine, file('a'), 60)?.end(null);
  assert.equal(uploads.begin(mine, file('b'), 41), null, 'what is stored stays stored');
});

test('files without bytes have an end too', () => {
  const uploads = createLeaseUploads(100);
  for (let i = 0; i < 1_000; i += 1) uploads.begin(mine, file(i), 0)?.end(0);
  assert.equal(uploads.begin(mine, file('more'), 0), null);
  assert.ok(uploads.begin(mine, file(7), 0));
});
