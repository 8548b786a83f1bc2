import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreeDisk } from './free-disk.ts';

const GB = 2 ** 30;

test('the free disk is followed, what chunks write counts once, and what others write counts too', async (t) => {
  let [free, asked] = [100 * GB, 0];
  const disk = await FreeDisk.open(
    '',
    async () => free,
    () => asked,
  );
  t.after(() => disk.close());
  const seen = async (): Promise<number> => {
    await disk.look();
    return disk.bytes / GB;
  };
  assert.equal(await seen(), 100);
  free = 60 * GB;
  assert.equal(await seen(), 60);
  // Two chunks that asked for 10 each write it: what is offered stays, they have 20 of it.
  [free, asked] = [50 * GB, 20 * GB];
  assert.equal(await seen(), 60);
  free = 40 * GB;
  assert.equal(await seen(), 60);
  // Somebody else writes so much that it cannot be theirs.
  free = 10 * GB;
  assert.equal(await seen(), 30);
  [free, asked] = [30 * GB, 0];
  assert.equal(await seen(), 30);
  free = 30.1 * GB;
  assert.equal(await seen(), 30);
  free = 100 * GB;
  assert.equal(await seen(), 100);
});
