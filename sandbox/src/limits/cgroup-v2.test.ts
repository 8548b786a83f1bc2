import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../../../tests/support/until.ts';
import { gone } from '../../test-fixtures/gone.ts';
import { cgroupPlaces } from './cgroup-paths.ts';
import { baseV2, groupV2, makeV2 } from './cgroup-v2.ts';
import { processesIn } from './control-group.ts';
import { joining } from './join.ts';
import { defaultLimits } from './limits.ts';

// Memory of cgroup v2 is seldom free on a machine that runs tests: what is decided by its files is tried on copies
// of them, laid out by cgroup-v2.rst; what needs no controller, on the kernel's own.
const root = mkdtempSync(join(tmpdir(), 'pilot-cgroup-'));
after(() => rmSync(root, { recursive: true, force: true }));

type Group = { procs?: string; controllers?: string; handsOn?: string; max?: string; below?: Tree };
type Tree = { [name: string]: Group };

/** Like a hierarchy whose root hands on memory. */
function hierarchy(tree: Tree, procs = ''): string {
  const top = mkdtempSync(join(root, 'h-'));
  const fill = (folder: string, { procs = '', controllers = 'memory pids', handsOn = '' }: Group) => {
    writeFileSync(join(folder, 'cgroup.procs'), procs);
    writeFileSync(join(folder, 'cgroup.controllers'), controllers);
    writeFileSync(join(folder, 'cgroup.subtree_control'), handsOn);
  };
  const grow = (folder: string, groups: Tree): void => {
    for (const [name, group] of Object.entries(groups)) {
      const path = join(folder, name);
      mkdirSync(path);
      fill(path, group);
      writeFileSync(join(path, 'cgroup.type'), 'domain\n');
      writeFileSync(join(path, 'memory.max'), `${group.max ?? 'max'}\n`);
      grow(path, group.below ?? {});
    }
  };
  fill(top, { procs, controllers: 'memory pids', handsOn: 'memory pids' });
  grow(top, tree);
  return top;
}
const text = (...path: string[]) => readFileSync(join(...path), 'utf8');

test('a worker alone in its service moves aside and hands its memory on', () => {
  const top = hierarchy({ service: { procs: '77\n' } });
  const folder = join(top, 'service');
  assert.equal(baseV2({ folder, top }, 77), folder);
  assert.equal(text(folder, 'pilot-agent', 'cgroup.procs'), '77');
  assert.equal(text(folder, 'cgroup.subtree_control'), '+memory');
});

test('beside others in a session its groups are made next to the session, not in it', () => {
  const top = hierarchy({
    slice: { handsOn: 'memory pids', below: { session: { procs: '76\n77\n' } } },
  });
  const folder = join(top, 'slice', 'session');
  assert.equal(baseV2({ folder, top }, 77), join(top, 'slice'));
  assert.equal(text(folder, 'cgroup.procs'), '76\n77\n');
  assert.equal(existsSync(join(folder, 'pilot-agent')), false);
});

test('nothing is made past a limit that its own group has, nor where memory is not handed on', () => {
  const limited = hierarchy({ slice: { handsOn: 'memory', below: { a: { procs: '7\n8\n', max: '900' } } } });
  assert.equal(baseV2({ folder: join(limited, 'slice', 'a'), top: limited }, 8), null);
  const without = hierarchy({ slice: { handsOn: 'pids', below: { a: { procs: '7\n8\n' } } } }, '1\n');
  rmSync(join(without, 'cgroup.subtree_control'));
  writeFileSync(join(without, 'cgroup.subtree_control'), 'pids');
  assert.equal(baseV2({ folder: join(without, 'slice', 'a'), top: without }, 8), null);
});

test('the limits of a child are written, and an end by the kernel is read', () => {
  const base = mkdtempSync(join(root, 'base-'));
  const group = makeV2(base, { ...defaultLimits(), memoryBytes: 123_456_789, processes: 99 });
  const folder = join(group.joins[0] ?? '', '..');
  assert.equal(text(folder, 'memory.max'), '123456789');
  assert.deepEqual([text(folder, 'memory.swap.max'), text(folder, 'memory.oom.group')], ['0', '1']);
  assert.equal(text(folder, 'pids.max'), '99');
  const events = (kills: number) => `low 0\nhigh 0\nmax 31\noom 1\noom_kill ${kills}\noom_group_kill 0\n`;
  writeFileSync(join(folder, 'memory.events'), events(0));
  assert.equal(group.outOfMemory(), false);
  writeFileSync(join(folder, 'memory.events'), events(2));
  assert.equal(group.outOfMemory(), true);
  writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 1500000\nuser_usec 1400000\n');
  assert.equal(group.cpuMs(), 1_500);
  group.limitMemory(1_000);
  assert.equal(text(folder, 'memory.max'), '1000');
});

test("the kernel's own: joining, processor time, and the end of everything in a group", {
  skip: unwritable(),
}, async () => {
  const folder = join(ownFolder(), `pilot-test-${process.pid}`);
  mkdirSync(folder);
  const group = groupV2(folder);
  const script = 'setsid sh -c "while :; do :; done" & while :; do :; done';
  const { command, args } = joining({ command: '/bin/sh', args: ['-c', script] }, group);
  const child = spawn(command, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const processes = await until(() => {
    const found = processesIn(folder);
    return found.length >= 2 ? found : null;
  }, 'the loops did not join');
  await until(() => (group.cpuMs() ?? 0) > 20, 'their time was not counted');
  assert.equal(text('/proc', String(child.pid), 'oom_score_adj'), '900\n');
  await group.remove();
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  for (const pid of processes) assert.equal(await gone(pid), true);
  assert.equal(existsSync(folder), false);
});

function ownFolder(): string {
  return cgroupPlaces(text('/proc/self/cgroup'), text('/proc/self/mountinfo')).v2?.folder ?? '';
}

function unwritable(): string | false {
  try {
    accessSync(join(ownFolder(), 'cgroup.procs'), constants.W_OK);
    return false;
  } catch {
    return 'no group of cgroup v2 can be made here';
  }
}
