import { readFileSync, readlinkSync } from 'node:fs';

/** When a process was started, in ticks since the boot: field 22 of proc_pid_stat(5). Null when there is none. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program stands in parentheses and may hold any character.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Which process ids this process can speak of: `4026531836`, by pid_namespaces(7); "0" where there are none. */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** A process as names of what it leaves behind tell of it: `40-7-123`, by its namespace, id and start. */
export const ownerName = (pid: number): string => `${pidNamespace()}-${pid}-${startOf(pid) ?? '0'}`;

type Machine = { namespace: string; start(pid: number): string | null };

/** True for an owner of this machine that has ended; of another namespace nobody here can tell. */
export function hasEnded(
  owner: string,
  { namespace, start }: Machine = { namespace: pidNamespace(), start: startOf },
): boolean {
  const [, space, pid, began] = /^(\d+)-(\d+)-(\d+)$/.exec(owner) ?? [];
  // Where the system does not tell of processes, all may live.
  return space !== '0' && space === namespace && pid !== undefined && start(Number(pid)) !== began;
}
