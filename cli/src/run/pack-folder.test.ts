import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { hashFile } from '../api/upload.ts';
import { packFolder } from './pack-folder.ts';

let root: string;
let shot: string;
let place: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pilot-pack-'));
  [shot, place] = [join(root, 'shot'), join(root, 'data')];
  await mkdir(join(shot, 'textures'), { recursive: true });
  await writeFile(join(shot, 'shot.blend'), 'BLENDER');
  await writeFile(join(shot, 'textures/größe.png'), 'b');
  await writeFile(join(root, 'elsewhere.png'), 'a');
  await symlink(join(root, 'elsewhere.png'), join(shot, 'textures/a.png'));
});
after(() => rm(root, { recursive: true, force: true }));

const pack = (signal = new AbortController().signal) =>
  packFolder({ folder: shot, needed: '.blend' }, place, () => {}, signal);

const LIST =
  'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); [print(n, z.read(n)) for n in z.namelist()]';

test('a folder becomes an archive of its files, a link what it points at', async () => {
  const { path, remove } = await pack();
  const { stdout } = await execa('/usr/bin/python3', ['-c', LIST, path], {
    env: { PYTHONIOENCODING: 'utf8' },
  });
  assert.deepEqual(stdout.split('\n').sort(), [
    "shot.blend b'BLENDER'",
    "textures/a.png b'a'",
    "textures/größe.png b'b'",
  ]);
  await remove();
  assert.deepEqual(await readdir(place), []);
});

test('equal files make an equal archive, whenever they were saved', async () => {
  const first = await pack();
  await utimes(join(shot, 'shot.blend'), 1, 1);
  const second = await pack();
  assert.equal(await hashFile(first.path), await hashFile(second.path));
  await Promise.all([first.remove(), second.remove()]);
});

test('what cannot be packed leaves nothing behind', async () => {
  await assert.rejects(pack(AbortSignal.abort()));
  assert.deepEqual(await readdir(place), []);
});
