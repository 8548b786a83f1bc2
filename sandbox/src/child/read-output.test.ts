import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NO_SANDBOX } from '../../test-fixtures/levels.ts';
import { createWorkspace } from '../box/workspace.ts';
import { defaultLimits } from '../limits/limits.ts';
import { startChild } from './child.ts';
import { childEnvironment } from './config.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-hear-'));
after(() => rm(folder, { recursive: true, force: true }));

const start = (script: string, onStdout: (line: string) => void) =>
  startChild({
    command: 'sh',
    args: ['-c', script],
    env: childEnvironment(NO_SANDBOX),
    confinement: {
      sandbox: NO_SANDBOX,
      workspace: createWorkspace(NO_SANDBOX, folder),
      read: [],
      limits: defaultLimits(),
    },
    onStdout,
    onStderr: () => {},
  });

test('a listener that throws ends the child, and is not called again', async () => {
  let heard = 0;
  const child = start('yes', () => {
    heard += 1;
    throw new TypeError('of a line');
  });
  assert.deepEqual(await child.exited, { kind: 'broken', reason: 'TypeError: of a line' });
  assert.equal(heard, 1);
});

test('a child that talks without end leaves most of the time to others', async () => {
  const began = performance.now();
  let listened = 0;
  // Some hundred lines come at once: what is heard in one go cannot be spread.
  const child = start(`yes ${'x'.repeat(500)}`, () => {
    const from = performance.now();
    while (performance.now() - from < 0.2);
    listened += performance.now() - from;
    if (listened > 400) child.condemn('enough');
  });
  await child.exited;
  assert.ok(listened < (performance.now() - began) / 2, `${listened} of ${performance.now() - began} ms`);
});

test('what a child said last is heard before its exit, however much it is', async () => {
  let lines = 0;
  const child = start('yes | head -n 200000', () => {
    lines += 1;
  });
  assert.deepEqual(await child.exited, { kind: 'exited', code: 0 });
  assert.equal(lines, 200_000);
});
