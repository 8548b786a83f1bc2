import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Made by whom: `pilot.<PID namespace>.<process>.<its start>.<random>`. A process id alone is used again. */
export const newGroupName = (): string =>
  `${['pilot', namespace(), process.pid, startOf(process.pid) ?? 0].join('.')}.${randomBytes(4).toString('hex')}`;

/** Groups in a folder whose maker, of this PID namespace, is gone. */
export function orphanedGroups(folder: string): string[] {
  const own = namespace();
  return readdirSync(folder).flatMap((name) => {
    const [, made, pid, start] = /^pilot\.(\d+)\.(\d+)\.(\d+)\.[0-9a-f]{8}$/.exec(name) ?? [];
    const orphaned = made === own && startOf(Number(pid)) !== start;
    return orphaned ? [join(folder, name)] : [];
  });
}

/** `pid:[4026531836]`, without the words. */
const namespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';

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
