import type { Limits, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { EngineFacts } from './engine-facts.ts';

export type ContainerOrder = {
  /** Of the container, unique on this machine. */
  name: string;
  /** SHA-256 of the image's configuration. */
  image: string;
  workspace: Workspace;
  limits: Limits;
  threads: number;
  network: boolean;
  environment: Readonly<Record<string, string>>;
  /** Names of devices by the Container Device Interface: "nvidia.com/gpu=0". */
  devices: readonly string[];
  /** Where podman is to write the id of the first process. */
  pidFile: string;
  hasInput: boolean;
  /** Files of this machine that it sees, and where. */
  files: readonly { path: string; inside: string }[];
  /** A command to run by itself, and where; left out, a shell reads commands from its input. */
  lone?: { words: readonly string[]; folder: string };
};

/** Of a process; the same as in the worker's own boxes. */
const OPEN_FILES = 1_024;

/**
 * Arguments for the engine: a container in which a shell reads commands from its input, or one command runs. Nobody's rights, nothing of the
 * machine's, and nothing to write to but the folders of the workspace. `own` is the worker's user where it gives
 * containers none.
 */
export function runLine(
  { name: engine, rootless, limits: keeps }: EngineFacts,
  order: ContainerOrder,
  own: { uid: number; gid: number },
): string[] {
  const { workspace, limits, network } = order;
  const { folders, inside } = workspace;
  const memory = `${Math.max(limits.memoryBytes, LEAST_MEMORY)}b`;
  const processes = String(limits.processes);
  return [
    ...['run', '--name', order.name, '--rm', '--pull', 'never'],
    ...(order.hasInput ? ['--interactive'] : []),
    ...(network ? [] : ['--network', 'none']),
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only'],
    ...(engine === 'podman'
      ? ['--read-only-tmpfs=false', '--http-proxy=false', '--pidfile', order.pidFile]
      : []),
    ...['--user', userOf(workspace, rootless, own), '--hostname', 'pilot', '--log-driver', 'none'],
    ...(keeps.memory ? ['--memory', memory, '--memory-swap', memory] : []),
    ...(keeps.processes ? ['--pids-limit', processes] : []),
    ...(keeps.cpu ? ['--cpus', String(order.threads)] : []),
    ...ulimits({ nofile: OPEN_FILES, nproc: limits.processes, fsize: limits.fileBytes, core: 0 }),
    ...order.devices.flatMap((device) => ['--device', device]),
    ...Object.entries({ ...order.environment, ...OWN }).flatMap(([key, value]) => [
      '--env',
      `${key}=${value}`,
    ]),
    ...['--volume', `${folders.in}:${inside.in}:ro`, '--volume', `${folders.work}:${inside.work}`],
    ...['--volume', `${folders.tmp}:${inside.tmp}`, '--volume', `${folders.shm}:/dev/shm`],
    ...order.files.flatMap(({ path, inside: at }) => ['--volume', `${path}:${at}:ro`]),
    ...commandOf(order),
  ];
}

/** The outer shell is the first process there, to which the inner one's orphans fall: it waits for them. */
function commandOf({ lone, workspace, image }: ContainerOrder): string[] {
  const folder = lone?.folder ?? workspace.inside.work;
  const [program, ...rest] = lone?.words ?? [SHELL, '-c', `${SHELL} -s; exit $?`];
  return ['--workdir', folder, '--entrypoint', program ?? '', image, ...rest];
}

const SHELL = '/bin/sh';
/** What podman itself asks for at least. */
const LEAST_MEMORY = 8 * 1024 ** 2;
const OWN = { HOME: '/tmp', TMPDIR: '/tmp' };

/** Rootless, the container's root is the worker's own user; else it is one that nobody is, or that of the worker. */
function userOf({ uid }: Workspace, rootless: boolean, own: { uid: number; gid: number }): string {
  if (rootless) return '0:0';
  return uid === null ? `${own.uid}:${own.gid}` : `${uid}:${uid}`;
}

const ulimits = (of: Record<string, number>): string[] =>
  Object.entries(of).flatMap(([name, value]) => ['--ulimit', `${name}=${value}:${value}`]);
