import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { ownerName } from '../limits/process-life.ts';
import { makeOwnFolder } from './own-folder.ts';

test('what processes left that are gone is removed, and nothing else', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'pilot-own-folder-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const sleeper = execa('sleep', ['60'], { reject: false });
  const owner = ownerName(sleeper.pid ?? 0);
  sleeper.kill('SIGKILL');
  await sleeper;
  const put = async (name: string) => {
    await mkdir(join(parent, name, 'work'), { recursive: true });
    await writeFile(join(parent, name, 'work', 'file'), 'x');
  };
  const kept = [`x-${ownerName(process.pid)}-abc123`, 'x-abc123', `y-${owner}-abc123`, `x-1-1-1-abc123`];
  for (const name of [...kept, `x-${owner}-abc123`]) await put(name);
  await symlink(join(parent, 'x-abc123'), join(parent, `x-${owner}-linked`));
  const made = await makeOwnFolder(parent, 'x-');
  assert.ok(basename(made).startsWith(`x-${ownerName(process.pid)}-`));
  assert.deepEqual((await readdir(parent)).sort(), [...kept, basename(made), `x-${owner}-linked`].sort());
});
