import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { surplus } from './image-store.ts';
import { createImageUsers } from './image-users.ts';
import { createNames } from './names.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pilot-images-'));
});
after(() => rm(root, { recursive: true, force: true }));

test('images that were used longest ago go, by bytes and by number, and notes of what is not there', () => {
  const sizes = (of: Record<string, number>) => new Map(Object.entries(of));
  assert.deepEqual(surplus(['c', 'b', 'a'], sizes({ a: 4, b: 4, c: 4 }), 12), []);
  assert.deepEqual(surplus(['c', 'b', 'a'], sizes({ a: 4, b: 4, c: 4 }), 11), ['a']);
  assert.deepEqual(surplus(['c', 'b', 'a'], sizes({ a: 1, c: 99 }), 50), ['c', 'b']);
  const many = Array.from({ length: 22 }, (_, index) => `image-${index}`);
  assert.deepEqual(surplus(many, new Map(many.map((id) => [id, 1])), 1e9), ['image-20', 'image-21']);
});

test('an image that a worker uses is not removed, and one that is being removed is waited for', async () => {
  const users = createImageUsers(join(root, 'a'), createNames(process.pid));
  const told: string[] = [];
  const use = await users.use('x');
  assert.equal(await users.unlessUsed('x', async () => void told.push('removed while used')), false);
  await use.end();
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const removing = users.unlessUsed('x', async () => {
    begun.resolve();
    await gate.promise;
    told.push('removed');
  });
  await begun.promise;
  const using = users.use('x').then(() => told.push('used'));
  gate.resolve();
  assert.equal(await removing, true);
  await using;
  assert.deepEqual(told, ['removed', 'used']);
});

test('what a worker left that has ended counts for nothing', async () => {
  const folder = join(root, 'b');
  const users = createImageUsers(folder, createNames(process.pid));
  await (await users.use('x')).end();
  // A process of this machine that is gone: no process has this start.
  const gone = createNames(process.pid)().replace(/-\d+-\d+$/, '-1-1');
  await writeFile(join(folder, `using-x-${gone}`), '');
  assert.equal(await users.unlessUsed('x', async () => {}), true);
  assert.deepEqual(await readdir(folder), []);
});
