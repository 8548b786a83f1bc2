import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { closeAll, exposedSentence, keepPrivate } from './private-folder.ts';

const NAMES = ['blobs', 'farm.sqlite', 'closed', 'link', 'nothing'];
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('a folder and what lies in it are closed, and nothing that a link leads to', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pilot-private-'));
  t.after(() => rm(root, { recursive: true }));
  const folder = join(root, 'data');
  assert.deepEqual(await keepPrivate(folder, NAMES), []);
  assert.equal(await modeOf(folder), '700');

  const inside = (name: string) => join(folder, name);
  const elsewhere = join(root, 'elsewhere');
  await mkdir(inside('blobs'));
  for (const path of [elsewhere, inside('farm.sqlite'), inside('closed'), inside('other')])
    await writeFile(path, 'x');
  await symlink(elsewhere, inside('link'));
  await chmod(inside('closed'), 0o600);
  for (const path of [elsewhere, inside('other')]) await chmod(path, 0o644);
  await chmod(inside('farm.sqlite'), 0o644);
  for (const path of [folder, inside('blobs')]) await chmod(path, 0o755);
  const exposed = await keepPrivate(folder, NAMES);
  assert.deepEqual(
    exposed.map(({ path, mode, mended }) => [path, mode, mended]).sort(),
    [
      [folder, '755', true],
      [inside('blobs'), '755', true],
      [inside('farm.sqlite'), '644', true],
    ].sort(),
  );
  assert.deepEqual(await keepPrivate(folder, NAMES), []);
  assert.equal(await modeOf(elsewhere), '644');
  assert.deepEqual(
    await Promise.all(['', 'blobs', 'farm.sqlite', 'closed'].map((name) => modeOf(inside(name)))),
    ['700', '700', '600', '600'],
  );
  assert.match(exposed.map(exposedSentence).join(), /data could be reached by others .*mode 755/);
  assert.deepEqual(await closeAll([inside('nothing')]), []);
  assert.equal(await modeOf(inside('other')), '644', 'what is not ours was changed');
});

test('a folder for all, and one of another user, are told of and left as they are', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'pilot-private-'));
  t.after(() => rm(root, { recursive: true }));
  const shared = join(root, 'shared');
  await mkdir(shared);
  await chmod(shared, 0o1777);
  const [told] = await keepPrivate(shared, []);
  assert.deepEqual([told?.mode, told?.mended], ['1777', false]);
  assert.match(told === undefined ? '' : exposedSentence(told), /chmod go= /);
  assert.equal(((await stat(shared)).mode & 0o7777).toString(8), '1777');
  if (process.getuid?.() !== 0) return;
  const theirs = join(root, 'theirs');
  await mkdir(theirs);
  await chmod(theirs, 0o755);
  await chown(theirs, 12_345, 12_345);
  assert.equal((await keepPrivate(theirs, []))[0]?.mended, false);
  assert.equal(await modeOf(theirs), '755');
});
