import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Child, startChild } from '@parallel-pilot/sandbox/child/child.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { treeCpuMs } from '@parallel-pilot/sandbox/limits/cpu-time.ts';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import type { Limits } from '@parallel-pilot/sandbox/sandbox.ts';
import { asTyped } from '@parallel-pilot/shared/kinds/command/words.ts';
import { execa } from 'execa';
import type { BoxWall, LoneRun, LoneShell, ShellOrder } from '../command/box-wall.ts';
import type { Engine } from './engine.ts';
import { guardContainer } from './guard.ts';
import { memoryGroupOf } from './memory-group.ts';
import { runLine } from './run-line.ts';

export type WallOptions = {
  engine: Engine;
  /** The image's id, and what people call it. */
  image: string;
  imageName: string;
  /** Stands before the words of a command. */
  entrypoint: readonly string[];
  network: boolean;
  devices: readonly string[];
  threads: number;
  newName(): string;
  /** Ids of images that were seen to have no shell; added to here. */
  withoutShell: Set<string>;
};

/** A container around the runs, and the programs of its image. Each run has its own where the image has no shell. */
export function containerWall(options: WallOptions): BoxWall {
  const { image, imageName, entrypoint, withoutShell } = options;
  const behind = entrypoint.length === 0 ? '' : `, behind its entrypoint ${asTyped(entrypoint)}`;
  return {
    start: (order) => start(options, order),
    alone: { needed: () => withoutShell.has(image), start: (order, run) => start(options, order, run) },
    place: `in the image "${imageName}"${behind}`,
    // The shell in there looks for them. It cannot be told from a program that itself ends so.
    program: (words) => [...entrypoint, ...words],
    isNotFound: (_, exit) => exit === 126 || exit === 127,
  };
}

/** A program that is written to, and may say long lines. */
export type ProgramOrder = ShellOrder & {
  /** Files of this machine that it sees, and where; it cannot write to them. */
  files?: readonly { path: string; inside: string }[];
  maxStdoutLine?: number;
  onOutLine?(line: string): void;
};

/** Starts one program of the image by itself, with an input. */
export const startProgram = (options: WallOptions, order: ProgramOrder, run: LoneRun) =>
  start(options, order, run, true);

function start(
  options: WallOptions,
  order: ProgramOrder,
  lone?: LoneRun,
  hasInput = lone === undefined,
): LoneShell & Pick<Child, 'condemn'> & { pid(): number | undefined } {
  const { engine, image, withoutShell } = options;
  const { workspace, limits } = order;
  const name = options.newName();
  // Beside the folders that the container sees: it cannot write there.
  const pidFile = join(dirname(workspace.folders.work), 'pid');
  const guard = guardContainer(engine, name);
  let last = '';
  const child = startChild({
    command: engine.command,
    args: argumentsFor(options, { order, lone, hasInput, name, pidFile }),
    env: engine.env,
    confinement: { sandbox: OUTSIDE, workspace, read: [], limits: ofClient(limits) },
    withoutInput: !hasInput,
    ...(order.maxStdoutLine === undefined ? {} : { maxStdoutLine: order.maxStdoutLine }),
    onBytes: order.onBytes,
    onStdout: order.onOutLine ?? order.onLine,
    onStderr(line) {
      if (!SAID_BESIDES.test(line)) last = line;
      order.onLine(line);
    },
  });
  const exited = child.exited.then(async (exit) => {
    await guard.remove();
    if (lone === undefined && lacksShell(exit, last)) withoutShell.add(image);
    return explained(exit, last, { image: options.imageName, isLone: lone !== undefined });
  });
  const pid = (): number | undefined => Number(readText(pidFile)) || undefined;
  let group: ReturnType<typeof memoryGroupOf> = null;
  return {
    exited,
    pid,
    condemn: child.condemn,
    write: (data) => {
      group ??= memoryGroupOf(pid());
      return child.write(data);
    },
    warn: () => void warn(engine, name),
    async kill() {
      await child.kill(0);
      return exited;
    },
    cpuMs: () => treeCpuMs(pid()),
    memoryBytes: () => residentBytes(pid()),
    overLimit() {
      // Its first process nobody can kill but the kernel, and this worker, which would know; its group went with it.
      if (lone !== undefined) return tooMuchMemory(limits);
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

type Called = {
  order: ProgramOrder;
  lone: LoneRun | undefined;
  hasInput: boolean;
  name: string;
  pidFile: string;
};

function argumentsFor(options: WallOptions, { order, lone, hasInput, name, pidFile }: Called): string[] {
  const { engine, image, network, devices, threads } = options;
  const { workspace, limits } = order;
  const environment = { ...order.environment, ...lone?.variables };
  const { files = [] } = order;
  const container = {
    name,
    image,
    hasInput,
    files,
    workspace,
    limits,
    threads,
    network,
    environment,
    devices,
    pidFile,
  };
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return runLine(engine, lone === undefined ? container : { ...container, lone }, { uid, gid });
}

async function warn({ command, env }: Engine, name: string): Promise<void> {
  await execa(command, ['kill', '--signal', 'TERM', name], { env, extendEnv: false, reject: false });
}

/** Exit codes by which podman and docker tell that nothing ran: podman-run(1), docker-run(1). */
const NOTHING_RAN = new Set([125, 126, 127]);
const BY_ENGINE = /^(Error: |docker: )/;
/** What newer and older versions of docker say behind the reason. */
const SAID_BESIDES = /^\s*$|^(Run|See) 'docker |^ERRO\[/;

const lacksShell = (exit: ChildExit, last: string): boolean =>
  exit.kind === 'exited' && NOTHING_RAN.has(exit.code) && /\/bin\/sh\b.*(no such file|not found)/i.test(last);

/** `isLone`: such a code may be the program's own, where the engine says nothing of it. */
function explained(
  exit: ChildExit,
  last: string,
  { image, isLone }: { image: string; isLone: boolean },
): ChildExit {
  if (exit.kind !== 'exited' || !NOTHING_RAN.has(exit.code)) return exit;
  if (isLone && !BY_ENGINE.test(last)) return exit;
  if (/exec format error/i.test(last))
    return failed(`the image "${image}" is for another processor than this worker has.`);
  return failed(last.replace(BY_ENGINE, '') || `the engine ended with exit code ${exit.code}.`);
}

const failed = (reason: string): ChildExit => ({ kind: 'failed-to-start', reason });

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
