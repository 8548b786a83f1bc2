import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gone } from '../../test-fixtures/gone.ts';
import { startChild } from './child.ts';
import { childEnvironment } from './config.ts';
import { residentBytes } from './memory.ts';

const STUBBORN = fileURLToPath(new URL('../../test-fixtures/ignores-sigterm.mjs', import.meta.url));
const quiet = { onStdout: () => {}, onStderr: () => {}, env: childEnvironment() };

test('kill ends a child that ignores SIGTERM, and what it started', async () => {
  const { promise: grandchild, resolve } = Promise.withResolvers<number>();
  const child = startChild({
    ...quiet,
    command: process.execPath,
    args: [STUBBORN],
    onStdout: (line) => resolve(Number(line.split(' ')[1])),
  });
  const pid = await grandchild;
  assert.ok((await residentBytes(child.pid)) > 1_000_000);
  assert.deepEqual(await child.kill(50), { kind: 'signalled', signal: 'SIGKILL' });
  assert.equal(await gone(pid), true, `process ${pid} outlived its group`);
  assert.equal(await residentBytes(child.pid), 0);
});

test('a program that does not exist is an exit, not an exception', async () => {
  const child = startChild({ ...quiet, command: '/nonexistent/program', args: [] });
  child.write('nobody reads this\n');
  const exit = await child.exited;
  assert.equal(exit.kind, 'failed-to-start');
  assert.deepEqual(await child.kill(), exit);
});

test('a child gets neither the token of the worker nor other names it has no use for', () => {
  const env = childEnvironment({ PATH: '/bin', PILOT_TOKEN: 'secret', AWS_SECRET: 'x', LC_ALL: 'C' });
  assert.deepEqual(env, { PATH: '/bin', LC_ALL: 'C' });
});
