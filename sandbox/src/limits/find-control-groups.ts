import { accessSync, constants, readFileSync } from 'node:fs';
import { execa } from 'execa';
import type { ControlGroups, Limits } from '../sandbox.ts';
import { type CgroupPlaces, cgroupPlaces } from './cgroup-paths.ts';
import { type BasesV1, makeV1 } from './cgroup-v1.ts';
import { baseV2, makeV2 } from './cgroup-v2.ts';
import { removeGroups } from './control-group.ts';
import { orphanedGroups } from './group-name.ts';
import { joining } from './join.ts';
import { defaultLimits } from './limits.ts';

/**
 * The control groups that this process may make, tried out with a small
 * program; null where there are none. Removes what a killed worker left of its.
 */
export async function findControlGroups(): Promise<ControlGroups | null> {
  if (process.platform !== 'linux') return null;
  const [cgroup, mountinfo] = ['cgroup', 'mountinfo'].map(readOwn);
  const places = cgroupPlaces(cgroup ?? '', mountinfo ?? '');
  for (const find of [findV2, findV1]) {
    const found = await find(places).catch(() => null);
    if (found !== null) return found;
  }
  return null;
}

async function findV2({ v2 }: CgroupPlaces): Promise<ControlGroups | null> {
  const base = v2 === null ? null : baseV2(v2);
  if (base === null) return null;
  return tryOut([base], { version: 'cgroup v2', make: (limits) => makeV2(base, limits) });
}

async function findV1({ v1 }: CgroupPlaces): Promise<ControlGroups | null> {
  const writable = Object.entries(v1).filter(([, { folder }]) => canWrite(folder));
  const folders = Object.fromEntries(writable.map(([name, { folder }]) => [name, folder]));
  const { memory } = folders;
  if (memory === undefined) return null;
  const bases: BasesV1 = { ...folders, memory };
  return tryOut(Object.values(folders), { version: 'cgroup v1', make: (limits) => makeV1(bases, limits) });
}

async function tryOut(folders: readonly string[], groups: ControlGroups): Promise<ControlGroups | null> {
  await removeGroups(folders.flatMap(orphanedGroups));
  const limits: Limits = defaultLimits();
  const group = groups.make(limits);
  try {
    const { command, args } = joining({ command: '/bin/true', args: [] }, group);
    const { exitCode } = await execa(command, args, { reject: false });
    const counts = exitCode === 0 && !group.outOfMemory() && group.limitMemory(limits.memoryBytes);
    return counts ? groups : null;
  } finally {
    await group.remove();
  }
}

const readOwn = (name: string): string => {
  try {
    return readFileSync(`/proc/self/${name}`, 'utf8');
  } catch {
    return '';
  }
};

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
