import { execa } from 'execa';
import { createLineReader } from './lines.ts';

export type ChildOptions = {
  command: string;
  args: readonly string[];
  /** The child's whole environment; nothing is inherited. */
  env: Record<string, string>;
  cwd?: string;
  /** Characters of a line that are kept; see createLineReader. */
  maxLine?: number;
  /** A line of standard output that may be longer than `maxLine`, such as a protocol message. */
  maxStdoutLine?: number;
  onStdout(line: string): void;
  onStderr(line: string): void;
};

/** How a child ended. `failed-to-start` means that there never was a process. */
export type ChildExit =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: string }
  | { kind: 'failed-to-start'; reason: string };

export type Child = {
  /** Undefined when the program could not be started. */
  readonly pid: number | undefined;
  /** Resolves once the process is gone and both of its streams are read to their end; never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Writes to the child's standard input; what is written to an ended child is lost silently. */
  write(text: string): void;
  /** Ends the child and every process it started: SIGTERM, and SIGKILL `graceMs` later. */
  kill(graceMs?: number): Promise<ChildExit>;
};

/** Starts a program as the leader of a process group of its own, and reads its output line by line. */
export function startChild(options: ChildOptions): Child {
  const child = execa(options.command, options.args, {
    env: options.env,
    extendEnv: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
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
  const maxLine = options.maxLine ?? 2_000;
  const stdout = createLineReader(options.maxStdoutLine ?? maxLine, options.onStdout);
  const stderr = createLineReader(maxLine, options.onStderr);
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes)).on('end', () => stdout.end());
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes)).on('end', () => stderr.end());
  // The child may die while something is being written to it: its exit says so, an error event would not help.
  child.stdin?.on('error', () => {});
  // A grandchild that holds the pipes must not keep `exited` waiting: it dies with its group.
  child.nodeChildProcess.once('exit', () => signalGroup(child.pid, 'SIGKILL'));

  const exited = child.then((result): ChildExit => {
    if (result.signal !== undefined) return { kind: 'signalled', signal: result.signal };
    if (result.exitCode !== undefined) return { kind: 'exited', code: result.exitCode };
    return { kind: 'failed-to-start', reason: result.originalMessage ?? `${options.command} did not start` };
  });
  return {
    pid: child.pid,
    exited,
    write: (text) => {
      child.stdin?.write(text);
    },
    async kill(graceMs = 300) {
      signalGroup(child.pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
}

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // ESRCH: the whole group is gone, which is what was wanted.
  }
}
