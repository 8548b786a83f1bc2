import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../tests/support/until.ts';
import { NO_SANDBOX } from '../../test-fixtures/levels.ts';
import { createWorkspace } from '../box/workspace.ts';
import type { ControlGroup } from '../sandbox.ts';
import { defaultLimits } from './limits.ts';
import { type Excess, watchLimits } from './watch.ts';

test('what a child has on the disk is looked at again once one of its processes has run', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-watch-'));
  t.after(() => rm(folder, { recursive: true }));
  const workspace = createWorkspace(NO_SANDBOX, folder);
  let [cpuMs, asked, looks] = [5, 0, 0];
  const group: ControlGroup = {
    joins: [],
    processes() {
      looks += 1;
      return [];
    },
    outOfMemory: () => false,
    cpuMs() {
      asked += 1;
      return cpuMs;
    },
    limitMemory: () => true,
    remove: async () => {},
  };
  const limits = { ...defaultLimits(), diskBytes: 1_000 };
  const found: Excess[] = [];
  const confinement = { sandbox: NO_SANDBOX, workspace, read: [], limits };
  const watch = watchLimits({ pid: process.pid, group, confinement, closesItself: false }, (excess) =>
    found.push(excess),
  );
  t.after(() => watch.end());
  // It asks again once it has looked.
  await until(() => asked >= 2, 'nobody looked');
  await writeFile(join(workspace.folders.work, 'large'), Buffer.alloc(2_000));
  const before = asked;
  await until(() => asked >= before + 2, 'nobody asked whether it ran');
  assert.deepEqual([looks, found], [1, []]);
  cpuMs += 0.001;
  await until(() => found.length === 1, 'nobody looked again');
  assert.equal(found[0]?.limit, 'disk');
});
