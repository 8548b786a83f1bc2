import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { availableParallelism, homedir, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compareVersions } from '@parallel-pilot/shared/model/requirement.ts';
import type { Host } from '../sandbox.ts';
import { cutOff } from './cut-off.ts';
import { realPath } from './program.ts';
import { systemCallFilter } from './system-call-filter.ts';

/** The programs that make a sandbox, by their names, where this machine lacks them. */
export type Lacking = { lacks: string[] };

/** Looks at this machine's files; starts nothing. For Linux only. */
export function readHost(isRoot: boolean, hidden: readonly string[]): Host | Lacking {
  const wanted = ['bwrap', 'prlimit', ...(isRoot ? ['setpriv'] : [])];
  const found = new Map(wanted.map((name) => [name, find(name)]));
  const [bwrap, prlimit, setpriv] = [found.get('bwrap'), found.get('prlimit'), found.get('setpriv')];
  if (bwrap == null || prlimit == null || (isRoot && setpriv == null)) {
    return { lacks: wanted.filter((name) => found.get(name) == null) };
  }
  const devices = gpuDevices();
  return {
    bwrap,
    prlimit,
    setpriv: setpriv ?? null,
    links: Object.fromEntries(TOP.filter(isLink).map((path) => [path, readlinkSync(path)])),
    system: [
      ...TOP.filter((path) => !isLink(path)),
      ...SYSTEM,
      ...(devices.length === 0 ? [] : GPU_SYSTEM),
    ].filter((path) => existsSync(path)),
    devices,
    deviceGroups: [...new Set(devices.map((path) => statSync(path).gid))].filter((gid) => gid !== 0),
    canDisableUserNamespaces: true,
    filter: systemCallFilter(process.arch),
    keyLists: ['/proc/keys', '/proc/key-users'].filter((path) => existsSync(path)),
    cutOff: cutOff(find('perl'), process.arch),
    countsProcesses: isRoot || compareVersions(release().split('-')[0] ?? '0', '5.14') >= 0,
    openFiles: Math.min(OPEN_FILES, allowedFiles()),
    hidden: [...hidden, ...homes(), ...SHARED_PLACES].flatMap(bothNames),
    cpus: availableParallelism(),
  };
}

const TOP = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** Programs and libraries, and the few settings by which they find each other. Neither users, names nor keys. */
const SYSTEM = [
  '/usr',
  '/nix/store',
  ...['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'alternatives', 'fonts', 'localtime'].map(etc),
  ...['OpenCL', 'vulkan', 'glvnd', 'drirc'].map(etc),
  '/sys/devices/system/cpu',
  '/sys/devices/system/node',
];

/** By these a driver finds its cards. */
const GPU_SYSTEM = ['/sys/dev', '/sys/devices', '/sys/class', '/sys/bus', '/sys/module', '/opt/rocm'];

/** Folders of the top that are of many programs, users or disks, and so of none. */
const SHARED_PLACES = [
  ...['/boot', '/dev', '/etc', '/home', '/media', '/mnt', '/opt', '/proc', '/root', '/run', '/srv', '/sys'],
  ...['/tmp', '/var', tmpdir()],
];

/** Of everyone, and where people put programs beside settings and keys. */
const homes = (): string[] =>
  [homedir(), ...entries('/home').map((name) => join('/home', name))].flatMap((home) => [
    home,
    join(home, '.local'),
  ]);

/** As it is written, and where it really is: paths are compared by both. */
function bothNames(path: string): string[] {
  const absolute = resolve(path);
  return [...new Set([absolute, realPath(absolute)])];
}

function etc(name: string): string {
  return join('/etc', name);
}

/** Render nodes and compute devices; never the cards themselves, which also show what is on the screen. */
function gpuDevices(): string[] {
  const dri = entries('/dev/dri').filter((name) => name.startsWith('renderD'));
  const nvidia = entries('/dev').filter((name) => /^nvidia(\d+|ctl|-uvm|-uvm-tools)$/.test(name));
  const paths = [...dri.map((name) => join('/dev/dri', name)), ...nvidia.map((name) => join('/dev', name))];
  return [...paths, '/dev/kfd'].filter((path) => existsSync(path));
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** More than any honest program has, and few enough to be looked at. */
const OPEN_FILES = 4_096;

/** What this process may have open at most, which is the most that it can hand on; see proc_pid_limits(5). */
function allowedFiles(): number {
  const [, most] = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  return most === undefined ? OPEN_FILES : Number(most);
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function find(program: string): string | null {
  // Not by PATH: what a sandbox is made of must be the system's own.
  for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/usr/local/bin', '/run/current-system/sw/bin']) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there, or not ours to run.
    }
  }
  return null;
}
