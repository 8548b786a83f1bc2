import { readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const readText = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

/** A number behind its name in a file such as memory.events; 0 without it. */
export function readCount(folder: string, file: string, name: string): number {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(readText(folder, file));
  return Number(found?.[1] ?? 0);
}

export const writeText = (folder: string, name: string, text: string): void =>
  writeFileSync(join(folder, name), text);

/** Also writes to a file that this kernel may not have. */
export function tryWrite(folder: string, name: string, text: string): boolean {
  try {
    writeText(folder, name, text);
    return true;
  } catch {
    return false;
  }
}

export const processesIn = (folder: string): number[] =>
  readText(folder, 'cgroup.procs').split('\n').filter(Boolean).map(Number);

/** Ends what is in the groups until nothing is, then removes them. A process that the kernel holds keeps its group. */
export async function removeGroups(folders: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if (folders.filter((folder) => !removed(folder)).length === 0) return;
    await pause(10 + attempt);
  }
}

function removed(folder: string): boolean {
  try {
    for (const pid of processesIn(folder)) kill(pid);
    rmdirSync(folder);
    return true;
  } catch (error) {
    return isGone(error);
  }
}

function kill(pid: number): void {
  try {
    // 0 stands for a process of another PID namespace, and to kill() for one's own group.
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended by itself.
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
