import { readFileSync } from 'node:fs';
import { cgroupPlaces } from '@parallel-pilot/sandbox/limits/cgroup-paths.ts';
import { readProcess } from '@parallel-pilot/sandbox/limits/process-tree.ts';

/** The control group by which a container's memory is limited. */
export type MemoryGroup = {
  /** True once the kernel ended one of its processes as it wanted more. */
  wasExceeded(): boolean;
};

/** By the id of one of its processes on this machine; null while there is none, or where the system does not tell. */
export function memoryGroupOf(pid: number | undefined): MemoryGroup | null {
  if (pid === undefined) return null;
  const { v1, v2 } = cgroupPlaces(readProcess(`${pid}/cgroup`), readProcess('self/mountinfo'));
  const file =
    v1.memory !== undefined
      ? `${v1.memory.folder}/memory.oom_control`
      : v2 !== null
        ? `${v2.folder}/memory.events`
        : null;
  return file === null ? null : { wasExceeded: () => /^oom_kill [1-9]/m.test(readText(file)) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It went with its container.
    return '';
  }
}
