import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gone } from '../../test-fixtures/gone.ts';
import { levels, NO_SANDBOX } from '../../test-fixtures/levels.ts';
import { createWorkspace } from '../box/workspace.ts';
import { defaultLimits } from '../limits/limits.ts';
import { residentBytes } from '../limits/memory.ts';
import { treeOf } from '../limits/process-tree.ts';
import type { Sandbox } from '../sandbox.ts';
import { startChild } from './child.ts';
import { childEnvironment } from './config.ts';

const STUBBORN = fileURLToPath(new URL('../../test-fixtures/ignores-sigterm.mjs', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'pilot-child-'));
after(() => rm(folder, { recursive: true, force: true }));

const quiet = (sandbox: Sandbox, read: string[] = []) => {
  const workspace = createWorkspace(sandbox, folder);
  const confinement = { sandbox, workspace, read, limits: defaultLimits() };
  return { onStdout: () => {}, onStderr: () => {}, env: childEnvironment(sandbox), confinement };
};

for (const sandbox of await levels()) {
  test(`kill ends a child that ignores SIGTERM, and what it started (sandbox: ${sandbox.level})`, async () => {
    const { promise: started, resolve } = Promise.withResolvers<void>();
    const child = startChild({
      ...quiet(sandbox, [STUBBORN]),
      command: process.execPath,
      args: [STUBBORN],
      onStdout: () => resolve(),
    });
    await started;
    assert.ok((await residentBytes(child.pid)) > 1_000_000);
    const processes = await treeOf(child.pid ?? 0);
    assert.ok(processes.length >= 2, `${processes}`);
    assert.deepEqual(await child.kill(50), { kind: 'signalled', signal: 'SIGKILL' });
    for (const pid of processes) assert.equal(await gone(pid), true, `process ${pid} outlived its group`);
    assert.equal(await residentBytes(child.pid), 0);
  });

  test(`a program that does not exist is an exit, not an exception (sandbox: ${sandbox.level})`, async () => {
    const child = startChild({ ...quiet(sandbox), command: '/nonexistent/program', args: [] });
    child.write('nobody reads this\n');
    const exit = await child.exited;
    assert.equal(exit.kind, 'failed-to-start');
    assert.deepEqual(await child.kill(), exit);
  });

  test(`an exit code and a signal are the program's own (sandbox: ${sandbox.level})`, async () => {
    const exit = async (script: string) =>
      await startChild({ ...quiet(sandbox), command: 'sh', args: ['-c', script] }).exited;
    assert.deepEqual(await exit('exit 7'), { kind: 'exited', code: 7 });
    assert.deepEqual(await exit('kill -SEGV $$'), { kind: 'signalled', signal: 'SIGSEGV' });
  });
}

test('a child gets neither the token of the worker nor other names it has no use for', () => {
  const own = {
    PATH: '/bin',
    PILOT_TOKEN: 'secret',
    AWS_SECRET: 'x',
    LC_ALL: 'C',
    CUDA_VISIBLE_DEVICES: '1',
  };
  assert.deepEqual(childEnvironment(NO_SANDBOX, own), {
    PATH: '/bin',
    LC_ALL: 'C',
    CUDA_VISIBLE_DEVICES: '1',
  });
});
