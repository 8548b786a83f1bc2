import { accessSync, constants, existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ControlGroup, Limits } from '../sandbox.ts';
import type { CgroupPlace } from './cgroup-paths.ts';
import { processesIn, readCount, readText, removeGroups, tryWrite, writeText } from './control-group.ts';
import { newGroupName } from './group-name.ts';

/** Where this process moves to when its own group is to have groups below it. */
const AGENT = 'pilot-agent';

/**
 * The folder in which groups with a limit of memory can be made, or null. By
 * the kernel's rule (cgroup-v2.rst, "No Internal Process Constraint") a group
 * other than the root either has processes or hands its controllers on.
 */
export function baseV2(own: CgroupPlace, pid = process.pid): string | null {
  if (takeOwn(own.folder, pid)) return own.folder;
  for (let at = own.folder; at !== own.top; at = dirname(at)) {
    // Beside a group that has a limit its processes would be free of it.
    if (isLimited(at)) return null;
    const above = dirname(at);
    const free = isRoot(above) || processesIn(above).length === 0;
    if (free && canGroup(above) && handsOn(above).includes('memory')) return above;
  }
  return null;
}

/** Hands the memory of this process's own group on to groups below it, which works where nobody else is in it. */
function takeOwn(folder: string, pid: number): boolean {
  if (!canGroup(folder) || !words(folder, 'cgroup.controllers').includes('memory')) return false;
  if (isRoot(folder)) return handOn(folder);
  if (processesIn(folder).some((it) => it !== pid)) return false;
  const agent = join(folder, AGENT);
  mkdirSync(agent, { recursive: true });
  if (tryWrite(agent, 'cgroup.procs', String(pid)) && handOn(folder)) return true;
  tryWrite(folder, 'cgroup.procs', String(pid));
  rmdirSync(agent);
  return false;
}

function handOn(folder: string): boolean {
  tryWrite(folder, 'cgroup.subtree_control', '+pids');
  return tryWrite(folder, 'cgroup.subtree_control', '+memory');
}

export function makeV2(base: string, limits: Limits): ControlGroup {
  const folder = join(base, newGroupName());
  mkdirSync(folder);
  writeText(folder, 'memory.max', String(limits.memoryBytes));
  tryWrite(folder, 'memory.swap.max', '0');
  // Half a child is none: the kernel ends all of it at once.
  tryWrite(folder, 'memory.oom.group', '1');
  tryWrite(folder, 'pids.max', String(limits.processes));
  return groupV2(folder);
}

/** Without a limit of its own, so that it can be tried on a hierarchy that has no controllers. */
export function groupV2(folder: string): ControlGroup {
  return {
    joins: [join(folder, 'cgroup.procs')],
    processes: () => processesIn(folder),
    outOfMemory: () => readCount(folder, 'memory.events', 'oom_kill') > 0,
    cpuMs: () => readCount(folder, 'cpu.stat', 'usage_usec') / 1_000,
    limitMemory(bytes) {
      writeText(folder, 'memory.max', String(bytes));
      return true;
    },
    async remove() {
      // Since Linux 5.14; what forks faster than it is killed cannot escape this.
      tryWrite(folder, 'cgroup.kill', '1');
      await removeGroups([folder]);
    },
  };
}

const words = (folder: string, name: string): string[] => readText(folder, name).trim().split(/\s+/);
const handsOn = (folder: string): string[] => words(folder, 'cgroup.subtree_control');
/** The root of the whole hierarchy alone has no type. */
const isRoot = (folder: string): boolean => !existsSync(join(folder, 'cgroup.type'));
const isLimited = (folder: string): boolean =>
  existsSync(join(folder, 'memory.max')) && readText(folder, 'memory.max').trim() !== 'max';

function canGroup(folder: string): boolean {
  try {
    for (const name of ['.', 'cgroup.procs']) accessSync(join(folder, name), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
