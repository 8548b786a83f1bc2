import { readProcess, treeOf } from './process-tree.ts';

/** What proc_pid_stat(5) counts in is 1/100 s on every Linux. */
const TICK_MS = 10;

/**
 * Processor time of a process and all that it started, milliseconds. Of ended ones only what their parents
 * waited for: who ignores SIGCHLD hides what its short-lived children used.
 */
export async function treeCpuMs(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  return (await treeOf(pid)).reduce((sum, it) => sum + ticksOf(it), 0) * TICK_MS;
}

function ticksOf(pid: number): number {
  const stat = readProcess(`${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Fields 14 to 17, counted from 1: user and system time, its own and that of children waited for.
  return fields.slice(11, 15).reduce((sum, field) => sum + (Number(field) || 0), 0);
}
