import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { findControlGroups } from '@parallel-pilot/sandbox/limits/find-control-groups.ts';
import { treeOf } from '@parallel-pilot/sandbox/limits/process-tree.ts';
import type { Limits, Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { execa } from 'execa';
import { startPython } from '../../sandbox/test-fixtures/confined.ts';
import { EXCESS } from '../../sandbox/test-fixtures/excess.ts';
import { gone } from '../../sandbox/test-fixtures/gone.ts';

const folder = await mkdtemp(join(tmpdir(), 'pilot-excess-'));
after(() => rm(folder, { recursive: true, force: true }));

const here = await detectSandbox();
const { groups, ...watched } = here;
/** With the control groups of this machine, where this user has them, and as on a machine that has none. */
const ways: [how: string, sandbox: Sandbox][] = [
  ...(groups === undefined ? [] : [[groups.version, here] as [string, Sandbox]]),
  ['watched', watched],
];
const LIMITS: Partial<Limits> = { memoryBytes: 200_000_000, diskBytes: 20_000_000 };

for (const [how, sandbox] of ways) {
  for (const [name, { code, limit, counted }] of Object.entries(EXCESS)) {
    const isRefused = counted === 'refused' && sandbox.level === 'bubblewrap' && sandbox.host.filter !== null;
    const unpromised = counted !== 'always' && !isRefused && how === 'watched';
    const skip = unpromised ? 'not promised without control groups' : false;
    test(`${name} (${sandbox.level}, ${how})`, { skip }, async () => {
      const neighbour = startPython(sandbox, folder, "print('here', flush=True)\ninput()", [], LIMITS);
      await neighbour.spoke();
      const { child, said, workspace } = startPython(sandbox, folder, code, [], LIMITS);
      const exit = await child.exited;
      // The kernel refuses some of it with an error, of which the program ends by itself.
      const byItself = (exit.kind === 'exited' && exit.code !== 0) || exit.kind === 'signalled';
      const refused = sandbox.groups !== undefined && byItself;
      assert.ok(!said.includes('holds it') || exit.kind === 'limit', said.join('\n'));
      if (isRefused) assert.deepEqual([exit, said], [{ kind: 'exited', code: 1 }, ['denied']]);
      else if (!refused) {
        assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, limit, said.join('\n'));
        const allowed = limit === 'memory' ? '200 MB of memory' : '20 MB to the disk|or hid them';
        assert.match(exit.kind === 'limit' ? exit.message : '', new RegExp(allowed));
      }
      neighbour.child.write('end\n');
      assert.deepEqual(await neighbour.child.exited, { kind: 'exited', code: 0 }, 'its neighbour was hurt');
      await Promise.all([workspace.remove(), neighbour.workspace.remove()]);
    });
  }

  test(`a share that grows smaller ends who has more, and only then (${sandbox.level}, ${how})`, async () => {
    let share = 400_000_000;
    const limits = {
      get memoryBytes() {
        return share;
      },
    };
    const code = "import time\nheld = b'x' * 200_000_000\nprint('holds it', flush=True)\ntime.sleep(1000)";
    const { child, spoke, workspace } = startPython(sandbox, folder, code, [], limits);
    await spoke();
    share = 300_000_000;
    const other = startPython(sandbox, folder, "held = b'x' * 200_000_000\nprint('done')", [], limits);
    assert.deepEqual(await other.child.exited, { kind: 'exited', code: 0 });
    share = 100_000_000;
    const exit = await child.exited;
    assert.equal(exit.kind === 'limit' ? exit.limit : exit.kind, 'memory');
    await Promise.all([workspace.remove(), other.workspace.remove()]);
  });
}

test('processes that end are not taken for some that hide what they have', async () => {
  for (const [, sandbox] of ways) {
    const code = `
import os, time
end = time.monotonic() + 2
while time.monotonic() < end:
    if os.fork() == 0:
        held = b'x' * 60_000_000
        os._exit(0)
    os.wait()`;
    const { child, said, workspace } = startPython(sandbox, folder, code, [], LIMITS);
    assert.deepEqual(await child.exited, { kind: 'exited', code: 0 }, said.join('\n'));
    await workspace.remove();
  }
});

test('a file that is read through memory does not count as memory', async () => {
  for (const [, sandbox] of ways) {
    const code = `
import mmap, time
with open('big', 'wb') as file:
    for i in range(15): file.write(b'x' * 20_000_000)
file = open('big', 'rb')
held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
total = sum(held[at] for at in range(0, len(held), 4096))
time.sleep(1)
print(total)`;
    const { child, said, workspace } = startPython(sandbox, folder, code, [], { memoryBytes: 200_000_000 });
    assert.deepEqual(await child.exited, { kind: 'exited', code: 0 }, said.join('\n'));
    await workspace.remove();
  }
});

test('what a killed worker left of its groups, the next one removes', {
  skip: groups === undefined ? 'this user can make no control groups' : false,
}, async () => {
  const code = `
    import { findControlGroups } from '${import.meta.resolve('@parallel-pilot/sandbox/limits/find-control-groups.ts')}';
    import { defaultLimits } from '${import.meta.resolve('@parallel-pilot/sandbox/limits/limits.ts')}';
    const groups = await findControlGroups();
    console.log(JSON.stringify(groups.make(defaultLimits()).joins));
    process.kill(process.pid, 'SIGKILL');`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', code], { reject: false });
  const left = (JSON.parse(stdout) as string[]).map((path) => dirname(path));
  assert.ok(left.length > 0 && left.every((path) => existsSync(path)), stdout);
  await findControlGroups();
  assert.deepEqual(
    left.filter((path) => existsSync(path)),
    [],
  );
});

test('a group is gone with its child, even where a process has left the program that started it', {
  skip: groups === undefined ? 'this user can make no control groups' : false,
}, async () => {
  const unboxed: Sandbox = { level: 'none', reason: 'The test wants none.', ...(groups && { groups }) };
  const made: string[] = [];
  const seen: Sandbox = {
    ...unboxed,
    groups: {
      version: groups?.version ?? 'cgroup v1',
      make(limits) {
        const group = groups?.make(limits);
        if (group === undefined) throw new Error('no group');
        made.push(...group.joins.map(dirname));
        return group;
      },
    },
  };
  const code = `
import os, sys, time
if os.fork() == 0:
    os.setsid()
    for fd in (0, 1, 2): os.close(fd)
    time.sleep(1000)
print('ready', flush=True)
sys.stdin.readline()`;
  const { child, spoke, workspace } = startPython(seen, folder, code);
  await spoke();
  const processes = await treeOf(child.pid ?? 0);
  assert.equal(processes.length, 2);
  assert.ok(made.length > 0 && made.every((path) => existsSync(path)), made.join(' '));
  child.write('end\n');
  await child.exited;
  for (const pid of processes) assert.equal(await gone(pid), true, `${pid} is alive`);
  assert.deepEqual(
    made.filter((path) => existsSync(path)),
    [],
  );
  await workspace.remove();
});
