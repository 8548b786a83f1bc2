import assert from 'node:assert/strict';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';

/** Nobody's, as far as one can tell. */
const UID = 64_999;
const asUser = ['--reuid', String(UID), '--regid', String(UID), '--clear-groups', '--'];

/**
 * The tests of some files once more, as a user that is not root. `among` is
 * the name of one of them, to see that they ran. Skipped where this process is
 * not root itself, so that a file may name itself.
 */
export function asAnotherUser(files: string[], among: string): void {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  test('the same as a user that is not root', { skip: !isRoot }, async (t) => {
    const readable = await execa('setpriv', [...asUser, 'test', '-r', files[0] ?? ''], { reject: false });
    if (readable.exitCode !== 0) return t.skip('no other user can read this clone');
    const folder = await mkdtemp(join(tmpdir(), 'pilot-user-'));
    await chmod(folder, 0o777);
    const run = await execa('setpriv', [...asUser, await realpath(process.execPath), '--test', ...files], {
      cwd: folder,
      env: { TMPDIR: folder, HOME: folder, PATH: '/usr/bin:/bin' },
      extendEnv: false,
      reject: false,
      all: true,
    });
    await rm(folder, { recursive: true, force: true });
    assert.equal(run.exitCode, 0, run.all);
    assert.ok(run.all.includes(among), run.all);
  });
}
