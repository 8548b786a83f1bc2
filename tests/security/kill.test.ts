import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { execa } from 'execa';
import { startPython } from '../../sandbox/test-fixtures/confined.ts';
import { asAnotherUser } from '../support/another-user.ts';
import { until } from '../support/until.ts';

// bubblewrap is two processes, and for some milliseconds each can be left behind by the end of the other.

const folder = await mkdtemp(join(tmpdir(), 'pilot-kill-'));
after(() => rm(folder, { recursive: true, force: true }));
const { groups: _, ...watched } = await detectSandbox();
const skip = watched.level === 'none' ? watched.reason : false;

/** Ids of the processes that have this folder in their command line: bubblewrap's, and those before it. */
async function left(path: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  );
  return pids.filter((pid, index) => lines[index]?.includes(path) && pid !== `${process.pid}`);
}

test('a child that is ended at any moment of its start is gone, and its sandbox with it', {
  skip,
}, async () => {
  const MOMENTS = 40;
  await Promise.all(
    Array.from({ length: MOMENTS }, async (_, moment) => {
      const { child, workspace } = startPython(watched, folder, 'import time; time.sleep(1000)');
      await pause(moment * 2);
      await (moment % 2 === 0 ? child.kill() : condemned(child));
      await workspace.remove();
    }),
  );
  await until(async () => (await left(folder)).length === 0, 'a sandbox is left behind');
});

async function condemned(child: ReturnType<typeof startPython>['child']): Promise<void> {
  child.condemn('The test says so.');
  assert.deepEqual(await child.exited, { kind: 'broken', reason: 'The test says so.' });
}

test('a child does not start once its agent has ended', { skip }, async () => {
  const own = await mkdtemp(join(folder, 'agent-'));
  const code = `
    import { detectSandbox } from '${import.meta.resolve('@parallel-pilot/sandbox/detect.ts')}';
    import { startPython } from '${import.meta.resolve('@parallel-pilot/sandbox/test-fixtures/confined.ts')}';
    const sandbox = await detectSandbox();
    // Slow to come to bubblewrap, as on a machine under load.
    const cutOff = ['/bin/sh', '-c', 'sleep 0.3; exec "$@"', 'sh', ...sandbox.host.cutOff];
    startPython({ level: 'bubblewrap', host: { ...sandbox.host, cutOff } }, ${JSON.stringify(own)}, 'import time; time.sleep(1000)');
    process.kill(process.pid, 'SIGKILL');`;
  await execa(process.execPath, ['--input-type=module', '-e', code], { reject: false });
  assert.ok((await left(own)).length > 0, 'the attempt is real');
  await until(async () => (await left(own)).length === 0, 'a sandbox is left behind');
});

asAnotherUser([fileURLToPath(import.meta.url)], 'a child does not start once its agent has ended');
