import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlGroup, Limits } from '../sandbox.ts';
import type { V1Controller } from './cgroup-paths.ts';
import { processesIn, readText, removeGroups, tryWrite, writeText } from './control-group.ts';
import { newGroupName } from './group-name.ts';

/** Folders in which groups are made, by controller. */
export type BasesV1 = { memory: string } & Partial<Record<V1Controller, string>>;

export function makeV1(bases: BasesV1, limits: Limits): ControlGroup {
  const name = newGroupName();
  // One hierarchy may have several of the controllers.
  const folders = [...new Set(Object.values(bases).map((base) => join(base, name)))];
  for (const folder of folders) mkdirSync(folder);
  const memory = join(bases.memory, name);
  // A child at its limit stands still until it is ended from here. The kernel would end one process of it, and
  // the rest would take that for a crash.
  tryWrite(memory, 'memory.oom_control', '1');
  limitV1(memory, limits.memoryBytes);
  if (bases.pids !== undefined) tryWrite(join(bases.pids, name), 'pids.max', String(limits.processes));
  const { cpuacct } = bases;
  return {
    joins: folders.map((folder) => join(folder, 'cgroup.procs')),
    processes: () => processesIn(memory),
    outOfMemory: () => /^(under_oom|oom_kill) [1-9]/m.test(readText(memory, 'memory.oom_control')),
    cpuMs: () =>
      cpuacct === undefined ? null : Number(readText(join(cpuacct, name), 'cpuacct.usage')) / 1e6,
    limitMemory(bytes) {
      try {
        limitV1(memory, bytes);
        return true;
      } catch {
        // EBUSY: the kernel could not take enough of it back.
        return false;
      }
    },
    remove: () => removeGroups(folders),
  };
}

/** Memory, and memory with swap, where the kernel counts that: the second may never be less than the first. */
function limitV1(folder: string, bytes: number): void {
  const both = 'memory.memsw.limit_in_bytes';
  const swap = existsSync(join(folder, both));
  const grows = swap && Number(readText(folder, both)) < bytes;
  if (grows) writeText(folder, both, String(bytes));
  writeText(folder, 'memory.limit_in_bytes', String(bytes));
  if (swap && !grows) writeText(folder, both, String(bytes));
}
