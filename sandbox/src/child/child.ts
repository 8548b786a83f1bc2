import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { type Excess, watchLimits } from '../limits/watch.ts';
import type { Confinement } from '../sandbox.ts';
import { type ChildExit, realExit } from './exit.ts';
import { hear } from './hear.ts';
import { type Launch, launchOf } from './launch.ts';

export type ChildOptions = {
  command: string;
  args: readonly string[];
  /** The child's whole environment; nothing is inherited. See `childEnvironment`. */
  env: Record<string, string>;
  /** What it may see and use. It starts in its workspace's `work`. */
  confinement: Confinement;
  /** Characters of a line that are kept; see createLineReader. */
  maxLine?: number;
  /** A line of standard output that may be longer than `maxLine`, such as a protocol message. */
  maxStdoutLine?: number;
  /** What this or `onStderr` throws condemns the child: nothing that it says reaches further than that. */
  onStdout(line: string): void;
  onStderr(line: string): void;
};

export type Child = {
  /** Undefined when the program could not be started. In a sandbox the program is a descendant of this one. */
  readonly pid: number | undefined;
  /** Resolves once the process is gone and both of its streams are read to their end; never rejects. */
  readonly exited: Promise<ChildExit>;
  /**
   * Writes to the child's standard input; what is written to an ended child is lost silently. Resolves when there
   * is room for more: whoever writes much waits for it, and holds little. Never rejects.
   */
  write(data: string | Uint8Array): Promise<void>;
  /**
   * Ends the child and every process it started: SIGTERM, and SIGKILL `graceMs`
   * later. In a sandbox SIGTERM ends the sandbox, and so all in it at once.
   */
  kill(graceMs?: number): Promise<ChildExit>;
  /** Ends the child at once for what it said, and hears no more of it: `exited` tells the reason. */
  condemn(reason: string): void;
};

/** Starts a program, confined, as the leader of a process group of its own, and reads its output line by line. */
export function startChild(options: ChildOptions): Child {
  const launch = launchOf(options);
  const child = execute(launch);
  const maxLine = options.maxLine ?? 2_000;
  let condemned: string | undefined;
  const condemn = (reason: string): void => {
    condemned ??= reason;
    for (const one of heard) one?.stop();
    signalGroup(child.pid, 'SIGKILL');
  };
  const listen = (stream: Readable | null, maxLength: number, onLine: (line: string) => void) =>
    stream === null
      ? undefined
      : hear(stream, { maxLength, onLine, onFault: (error) => condemn(String(error)) });
  const heard = [
    listen(child.stdout, options.maxStdoutLine ?? maxLine, options.onStdout),
    listen(child.stderr, maxLine, options.onStderr),
  ];
  // The child may die while something is being written to it: its exit says so, an error event would not help.
  child.stdin?.on('error', () => {});
  // A grandchild that holds the pipes must not keep `exited` waiting: it dies with its group.
  child.nodeChildProcess.once('exit', () => {
    signalGroup(child.pid, 'SIGKILL');
    for (const one of heard) one?.hurry();
  });

  let excess: Excess | undefined;
  const unwatch =
    child.pid === undefined
      ? () => {}
      : watchLimits(child.pid, options.confinement, (over) => {
          excess = over;
          signalGroup(child.pid, 'SIGKILL');
        });
  const exited = child.then((result): ChildExit => {
    unwatch();
    if (condemned !== undefined) return { kind: 'broken', reason: condemned };
    if (excess !== undefined) return { kind: 'limit', ...excess };
    if (result.signal !== undefined) return { kind: 'signalled', signal: result.signal };
    if (result.exitCode !== undefined) return realExit(launch.sandboxed, result.exitCode);
    return { kind: 'failed-to-start', reason: result.originalMessage ?? `${options.command} did not start` };
  });
  return {
    pid: child.pid,
    exited,
    async write(data) {
      const { stdin } = child;
      if (stdin === undefined || stdin === null || stdin.destroyed || stdin.write(data)) return;
      const { promise: room, resolve } = Promise.withResolvers<void>();
      stdin.once('drain', resolve).once('close', resolve);
      await room;
      stdin.off('drain', resolve).off('close', resolve);
    },
    async kill(graceMs = 300) {
      signalGroup(child.pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
    condemn,
  };
}

const execute = ({ command, args, env, cwd }: Launch) =>
  execa(command, args, {
    env,
    extendEnv: false,
    cwd,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    cleanup: true,
    // Its own process group, so that a signal reaches what the child started too.
    killDescendants: true,
    forceKillAfterDelay: false,
  });

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // ESRCH: the whole group is gone, which is what was wanted.
  }
}
