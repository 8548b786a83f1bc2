import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rememberIn } from './remembered.ts';

test('what was kept is there for the same fingerprint, and a file that is not right counts as none', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-abilities-'));
  t.after(() => rm(folder, { recursive: true }));
  const found = { 'blender.version': '3.4.1', 'blender.engines': ['CYCLES'] };
  assert.equal(await rememberIn(folder, 'blender').recall('a'), null);
  await rememberIn(folder, 'blender').keep('a', found);
  assert.deepEqual(await rememberIn(folder, 'blender').recall('a'), found);
  assert.equal(await rememberIn(folder, 'blender').recall('b'), null);
  assert.equal(await rememberIn(folder, 'training').recall('a'), null);
  const [file = ''] = await readdir(folder);
  for (const text of ['', '{', '{"fingerprint":"a","capabilities":[]}']) {
    await writeFile(join(folder, file), text);
    assert.equal(await rememberIn(folder, 'blender').recall('a'), null, text);
  }
});
