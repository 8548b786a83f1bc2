import { chmod, readdir, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { type Child, startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { Tail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { MOST_OUTPUT_BYTES, type RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { fillIn, variablesOf } from '@parallel-pilot/shared/kinds/command/words.ts';
import type { RunnerOptions } from '../kind.ts';
import { findCommand } from './find-command.ts';

/** A run to be done: what it is called with, and where its files lie. */
export type RunOrder = {
  stage: RunsStage;
  /** From 0. */
  run: number;
  values: Record<string, string>;
  inputs: string;
  environment: Record<string, string>;
  /** The last lines that it prints go here. */
  tail: Tail;
  onStarted(child: Child): void;
  onPrinted(): void;
  signal: AbortSignal;
};

export type Ended = {
  exit: ChildExit | 'not-found';
  ms: number;
  out: Buffer;
  err: Buffer;
  workspace: Workspace;
};

/**
 * Runs the command once, in a box of its own. It starts in the empty folder for its results, in which links lead to its
 * files: so it finds them where they lay when it was submitted, and what is no link in there afterwards it has left.
 * The caller removes the workspace.
 */
export async function runOnce(order: RunOrder, options: RunnerOptions): Promise<Ended> {
  const { stage, inputs, signal } = order;
  const { sandbox, folder, limits = defaultLimits() } = options;
  const workspace = createWorkspace(sandbox, folder);
  const out = cappedBuffer();
  const err = cappedBuffer();
  const ended = (exit: Ended['exit'], ms: number): Ended => ({
    exit,
    ms,
    out: out.bytes(),
    err: err.bytes(),
    workspace,
  });
  try {
    await layOut(workspace, inputs, stage.executables);
    const program = programOf(fillIn(stage.words, namedValues(order)), sandbox);
    if (program === null) return ended('not-found', 0);
    const startedAt = performance.now();
    const child = startChild({
      ...program,
      env: {
        ...childEnvironment(sandbox),
        ...order.environment,
        ...variables(order, workspace, options.threads),
      },
      confinement: { sandbox, workspace, read: [], limits: timed(limits, stage.timeSeconds) },
      withoutInput: true,
      onBytes: (stream, bytes) => (stream === 'stdout' ? out : err).add(bytes),
      onStdout: (line) => print(order, line),
      onStderr: (line) => print(order, line),
    });
    order.onStarted(child);
    const stop = () => void child.kill(0);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const exit = await child.exited;
    signal.removeEventListener('abort', stop);
    return ended(missing(program.command, exit) ? 'not-found' : exit, performance.now() - startedAt);
  } catch (error) {
    await workspace.remove();
    throw error;
  }
}

function print({ tail, onPrinted }: RunOrder, line: string): void {
  tail.add(line);
  onPrinted();
}

async function layOut(workspace: Workspace, inputs: string, executables: readonly string[]): Promise<void> {
  await workspace.fill(inputs);
  const { folders, inside } = workspace;
  for (const path of executables) await chmod(join(folders.in, path), 0o555);
  for (const name of await readdir(folders.in))
    await symlink(posix.join(inside.in, name), join(folders.work, name));
}

/** By its name it is the worker's own; by a path below the folder it is one of the job's files, which only the box has. */
function programOf(
  [name = '', ...args]: readonly string[],
  sandbox: Sandbox,
): { command: string; args: string[] } | null {
  if (name.includes('/') && !name.startsWith('/')) return { command: ENV, args: ['--', name, ...args] };
  const command = findCommand(name, sandbox);
  return command === null ? null : { command, args };
}

const ENV = '/usr/bin/env';
/** env(1): 126 for a program that cannot be run, 127 for one that cannot be found. */
const missing = (command: string, exit: ChildExit): boolean =>
  command === ENV && exit.kind === 'exited' && (exit.code === 126 || exit.code === 127);

const namedValues = ({ values, run, stage }: RunOrder): Record<string, string> => ({
  ...values,
  run: String(run + 1),
  runs: String(stage.total),
});

function variables(order: RunOrder, { inside }: Workspace, threads: number): Record<string, string> {
  const count = String(Math.max(1, Math.floor(threads)));
  const pools = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'BLIS'].map((name) => [`${name}_NUM_THREADS`, count]);
  return {
    ...Object.fromEntries(pools),
    // What it prints is seen while it runs.
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...variablesOf(namedValues(order)),
    PILOT_RESULTS: inside.work,
    PILOT_FILES: inside.in,
    PILOT_CPUS: count,
  };
}

/** The worker's own limits, which may change while it runs, and a time. */
const timed = (limits: Limits, seconds: number | null): Limits => ({
  ...limits,
  get memoryBytes() {
    return limits.memoryBytes;
  },
  ...(seconds === null ? {} : { wallMs: seconds * 1_000 }),
});

/** The beginning of what is printed, as far as it is kept. */
function cappedBuffer() {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    add(bytes: Buffer): void {
      const room = MOST_OUTPUT_BYTES - size;
      if (room <= 0) return;
      const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
      parts.push(part);
      size += part.length;
    },
    bytes: () => Buffer.concat(parts),
  };
}
