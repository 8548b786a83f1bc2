import { readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Limits } from '../sandbox.ts';

/** What the kernel counts, and stops, of one child and all it starts; see cgroups(7). */
export type ControlGroup = {
  /** Files into which a process that is to be counted writes "0", before it does anything else. */
  readonly joins: readonly string[];
  /** By the ids that they have here. */
  processes(): number[];
  /** True once it wanted more memory than it may have. It does not get it: it is ended or stands still. */
  outOfMemory(): boolean;
  /** Processor time of all its processes so far, ended ones too, milliseconds; null where it is not counted. */
  cpuMs(): number | null;
  /** Changes what it may have. False when it has more already and cannot give it back. */
  limitMemory(bytes: number): boolean;
  /** Ends whatever is left in it, and removes it. */
  remove(): Promise<void>;
};

/** Makes control groups; which generation they are of is for people to know. */
export type ControlGroups = {
  readonly version: 'cgroup v2' | 'cgroup v1';
  /** Throws where the system refuses it. */
  make(limits: Limits): ControlGroup;
};

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
