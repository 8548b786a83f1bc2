import assert from 'node:assert/strict';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const FILES = ['escape', 'box/workspace', '../../tests/security/limits-memory'].map((name) =>
  fileURLToPath(new URL(`${name}.test.ts`, import.meta.url)),
);
/** Nobody's, as far as one can tell. */
const UID = 64_999;
const asUser = ['--reuid', String(UID), '--regid', String(UID), '--clear-groups', '--'];

const readable =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  (await execa('setpriv', [...asUser, 'test', '-r', ...FILES.slice(0, 1)], { reject: false })).exitCode === 0;
const skip = readable ? false : 'needs root, to become someone else who can read this clone';

test('the same attempts at a worker that is not root', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-user-'));
  await chmod(folder, 0o777);
  const node = await realpath(process.execPath);
  const env = { TMPDIR: folder, HOME: folder, PATH: '/usr/bin:/bin' };
  const run = await execa('setpriv', [...asUser, node, '--test', ...FILES], {
    cwd: folder,
    env,
    extendEnv: false,
    reject: false,
    all: true,
  });
  await rm(folder, { recursive: true, force: true });
  assert.equal(run.exitCode, 0, run.all);
  assert.match(run.all, /forks without end/);
  assert.match(run.all, /shared anonymous memory/);
});
