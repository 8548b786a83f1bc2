import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../tests/support/until.ts';
import { runQuietly, SetupHung } from './print.mjs';

test('a program that takes longer than it may is ended with what it started, and that is named', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-print-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'pid');
  // A shell that waits for what it has started, as that of an install script does.
  const command = ['sh', '-c', `sleep 4321 & echo $! > "${file}"; wait`];
  const hung = await runQuietly('Trying', command, { cwd: folder, limitMs: 1_500 }).then(
    () => null,
    (error) => error,
  );
  assert.ok(hung instanceof SetupHung, String(hung));
  assert.match(hung.message, /^Trying: .* was ended after 1\.5 s\. It was at `sleep 4321`\.$/m);
  const pid = Number(await readFile(file, 'utf8'));
  await until(() => !isThere(pid), 'what it started runs on');
});

function isThere(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
