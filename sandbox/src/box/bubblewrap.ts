import { dirname } from 'node:path';
import type { Host, Limits } from '../sandbox.ts';

/** Where a sandboxed child finds its folders. */
export const INSIDE = { in: '/job/in', work: '/job/work', tmp: '/tmp' } as const;

export type BubblewrapLine = {
  host: Host;
  /** The program by its path inside, and its arguments. */
  command: string;
  args: readonly string[];
  /** Folders on this machine. `uid` is the user that the child becomes; null leaves it the worker's. */
  workspace: { in: string; work: string; tmp: string; shm: string; uid: number | null };
  /** Seen read-only, each under its own path. */
  read: readonly string[];
  limits: Limits;
};

/** Where the program expects the filter of system calls: the first file descriptor after the standard ones. */
const FILTER_FD = 3;

/**
 * A program with its arguments that runs `command` in a sandbox. The
 * environment is the caller's to give, and so is the host's filter, on file
 * descriptor 3.
 */
export function bubblewrapLine(line: BubblewrapLine): { command: string; args: string[] } {
  const { host, workspace } = line;
  const user = workspace.uid === null ? unprivileged(host) : becoming(host, workspace.uid);
  const closedFrom = host.filter === null ? FILTER_FD : FILTER_FD + 1;
  const alone = host.cutOff === null ? [] : [...host.cutOff, String(closedFrom)];
  const [command = host.bwrap, ...before] = [...alone, host.bwrap];
  return {
    command,
    args: [
      ...before,
      ...(host.filter === null ? [] : ['--seccomp', String(FILTER_FD)]),
      ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
      ...['--hostname', 'pilot', '--new-session', '--die-with-parent'],
      ...user.options,
      ...system(host),
      ...host.devices.flatMap((path) => [...parents(path), '--dev-bind', path, path]),
      ...own(workspace),
      ...line.read.flatMap((path) => [...parents(path), '--ro-bind', path, path]),
      // What is left of the sandbox's own file system lies in memory that no limit counts.
      ...['--remount-ro', '/dev', '--remount-ro', '/'],
      ...['--chdir', INSIDE.work, '--'],
      ...user.prefix,
      ...resourceLimits(host, line.limits),
      line.command,
      ...line.args,
    ],
  };
}

/**
 * A worker that is not root: a user namespace, in which the child keeps the
 * worker's user. Since Linux 5.14 RLIMIT_NPROC counts within that namespace;
 * before, it would count all that the worker's user runs on the machine.
 */
const unprivileged = (host: Host) => ({
  options: ['--unshare-user', ...(host.canDisableUserNamespaces ? ['--disable-userns'] : [])],
  prefix: [],
});

/**
 * A worker that is root: bubblewrap mounts as root, since the worker's folders
 * are closed to everyone else, and then the child becomes a user that nobody
 * else is. Root itself would be exempt from RLIMIT_NPROC, even in a sandbox.
 */
function becoming(host: Host, uid: number) {
  if (host.setpriv === null) throw new Error('only a worker that is root can give its children a user');
  const capabilities = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((name) => ['--cap-add', name]);
  const groups =
    host.deviceGroups.length === 0 ? ['--clear-groups'] : ['--groups', host.deviceGroups.join(',')];
  return {
    options: ['--cap-drop', 'ALL', ...capabilities],
    prefix: [
      ...[host.setpriv, '--reuid', String(uid), '--regid', String(uid), ...groups],
      ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'],
    ],
  };
}

const system = (host: Host): string[] => [
  ...Object.entries(host.links).flatMap(([path, target]) => ['--symlink', target, path]),
  ...host.system.flatMap((path) => [...parents(path), '--ro-bind', path, path]),
  ...['--proc', '/proc', '--dev', '/dev'],
  // The sandbox's own first process: where the child is the same user it could write to its memory, and who has
  // that process cannot be ended with the sandbox.
  ...['--perms', '0555', '--tmpfs', '/proc/1', '--remount-ro', '/proc/1'],
  // They list keys of the whole machine. A device that a mount without devices shows cannot be opened.
  ...host.keyLists.flatMap((path) => ['--ro-bind', '/dev/null', path]),
];

const own = (workspace: BubblewrapLine['workspace']): string[] => [
  ...['--dir', dirname(INSIDE.in)],
  ...['--ro-bind', workspace.in, INSIDE.in],
  ...['--bind', workspace.work, INSIDE.work],
  ...['--bind', workspace.tmp, INSIDE.tmp],
  // On disk and not in memory, so that what is put there counts with the child's other files.
  ...['--bind', workspace.shm, '/dev/shm'],
];

/** Left to itself bubblewrap makes folders on the way to a mount point that only its own user may enter. */
function parents(path: string): string[] {
  const up: string[] = [];
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) up.unshift('--dir', at);
  return up;
}

const GIB = 1024 ** 3;

function resourceLimits(host: Host, limits: Limits): string[] {
  // Resident memory is watched from outside. This bounds what one process gets between two looks:
  // stacks and malloc's arenas reserve much more than they use. GPU drivers reserve all there is.
  const reserved = limits.memoryBytes + (4 + host.cpus) * GIB;
  return [
    ...[host.prlimit, `--fsize=${limits.fileBytes}`, `--nofile=${host.openFiles}`, '--core=0'],
    ...(host.countsProcesses ? [`--nproc=${limits.processes}`] : []),
    ...(host.devices.length === 0 ? [`--as=${reserved}`] : []),
    '--',
  ];
}
