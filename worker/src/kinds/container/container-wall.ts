import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { treeCpuMs } from '@parallel-pilot/sandbox/limits/cpu-time.ts';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import type { Limits } from '@parallel-pilot/sandbox/sandbox.ts';
import type { BoxShell, BoxWall, ShellOrder } from '../command/box-wall.ts';
import type { Engine } from './engine.ts';
import { guardContainer } from './guard.ts';
import { memoryGroupOf } from './memory-group.ts';
import { runLine } from './run-line.ts';

export type WallOptions = {
  engine: Engine;
  /** The image's id, and what people call it. */
  image: string;
  imageName: string;
  network: boolean;
  devices: readonly string[];
  threads: number;
  newName(): string;
};

/** A container around the runs, and the programs of its image. */
export const containerWall = (options: WallOptions): BoxWall => ({
  start: (order) => start(options, order),
  place: `in the image "${options.imageName}"`,
  // The shell in there looks for them. It cannot be told from a program that itself ends so.
  program: (words) => [...words],
  isNotFound: (_, exit) => exit === 126 || exit === 127,
});

function start(options: WallOptions, order: ShellOrder): BoxShell {
  const { engine } = options;
  const { workspace, limits } = order;
  const name = options.newName();
  // Beside the folders that the container sees: it cannot write there.
  const pidFile = join(dirname(workspace.folders.work), 'pid');
  const guard = guardContainer(engine, name);
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const { image, network, devices, threads } = options;
  const { environment } = order;
  const container = { name, image, workspace, limits, threads, network, environment, devices, pidFile };
  let last = '';
  const child = startChild({
    command: engine.command,
    args: runLine(engine, container, { uid, gid }),
    env: engine.env,
    confinement: { sandbox: OUTSIDE, workspace, read: [], limits: ofClient(limits) },
    onBytes: order.onBytes,
    onStdout: order.onLine,
    onStderr(line) {
      last = line;
      order.onLine(line);
    },
  });
  const exited = child.exited.then(async (exit) => {
    await guard.remove();
    return explained(exit, last, options.imageName);
  });
  const pid = (): number | undefined => Number(readText(pidFile)) || undefined;
  let group: ReturnType<typeof memoryGroupOf> = null;
  return {
    exited,
    write: (data) => {
      group ??= memoryGroupOf(pid());
      return child.write(data);
    },
    async kill() {
      await child.kill(0);
      return exited;
    },
    cpuMs: () => treeCpuMs(pid()),
    memoryBytes: () => residentBytes(pid()),
    overLimit() {
      group ??= memoryGroupOf(pid());
      return group?.wasExceeded() === true ? tooMuchMemory(limits) : null;
    },
  };
}

/** The engine's own program is the worker's: the container is what is confined. */
const OUTSIDE = { level: 'none', reason: 'a container is around what it runs' } as const;

/** The folders are counted, as in any box. What the engine's program holds is none of the container's. */
const ofClient = (limits: Limits): Limits => ({
  ...limits,
  memoryBytes: 4 * 1024 ** 3,
  processes: 1_000,
});

const tooMuchMemory = ({ memoryBytes }: Limits): ChildExit & { kind: 'limit' } => ({
  kind: 'limit',
  limit: 'memory',
  message: `It needed more than the ${Math.round(memoryBytes / 1e6)} MB of memory that it may have on this worker.`,
});

/** Exit codes by which podman and docker tell that nothing ran: podman-run(1), docker-run(1). */
const NOTHING_RAN = new Set([125, 126, 127]);

function explained(exit: ChildExit, last: string, image: string): ChildExit {
  if (exit.kind !== 'exited' || !NOTHING_RAN.has(exit.code)) return exit;
  if (/exec format error/i.test(last))
    return failed(`the image "${image}" is for another processor than this worker has.`);
  if (/\/bin\/sh\b.*(no such file|not found)/i.test(last))
    return failed(`the image "${image}" has no /bin/sh, by which runs are started.`);
  return failed(last.replace(/^Error:\s*/, '') || `the engine ended with exit code ${exit.code}.`);
}

const failed = (reason: string): ChildExit => ({ kind: 'failed-to-start', reason });

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
