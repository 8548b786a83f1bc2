import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { findProgram } from '../box/program.ts';
import { treeCpuMs } from '../limits/cpu-time.ts';
import { joining } from '../limits/join.ts';
import { type Excess, watchLimits } from '../limits/watch.ts';
import type { Confinement, ControlGroup, Limits, Sandbox } from '../sandbox.ts';
import { searchPath } from './config.ts';
import { type ChildExit, realExit } from './exit.ts';
import { type Launch, launchOf } from './launch.ts';
import { readOutput } from './read-output.ts';
import { endAtOnce, signalGroup } from './signals.ts';

export type ChildOptions = {
  command: string;
  args: readonly string[];
  /** The child's whole environment; nothing is inherited. See `childEnvironment`. */
  env: Record<string, string>;
  /** What it may see and use. It starts in its workspace's `work`. */
  confinement: Confinement;
  /**
   * The program itself runs nothing of a stranger's and may close itself to what it starts, by PR_SET_DUMPABLE. To a
   * worker that is not root it is closed as well then, which is not taken for hiding. What it starts may not.
   */
  closesItself?: boolean;
  /** Characters of a line that are kept; see createLineReader. */
  maxLine?: number;
  /** A line of standard output that may be longer than `maxLine`, such as a protocol message. */
  maxStdoutLine?: number;
  /** It finds its standard input at its end: nothing is ever written to it. */
  withoutInput?: boolean;
  /** What it prints as it comes, before the lines of it; what this throws condemns the child as well. */
  onBytes?(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  /** What this or `onStderr` throws condemns the child: nothing that it says reaches further than that. */
  onStdout(line: string): void;
  onStderr(line: string): void;
};

export type Child = {
  /** Undefined when the program could not be started. In a sandbox the program is a descendant of this one. */
  readonly pid: number | undefined;
  /** Resolves once the process is gone and both of its streams are read to their end; never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Processor time of all its processes so far, milliseconds; 0 when it is gone or the system does not tell. */
  cpuMs(): Promise<number>;
  /**
   * Writes to the child's standard input; what is written to an ended child is lost silently. Resolves when there
   * is room for more: whoever writes much waits for it, and holds little. Never rejects.
   */
  write(data: string | Uint8Array): Promise<void>;
  /**
   * Ends the child and every process it started: SIGTERM, and SIGKILL `graceMs`
   * later. A sandbox ends at once, and all in it.
   */
  kill(graceMs?: number): Promise<ChildExit>;
  /** Ends the child at once because of its output, which is no longer read: `exited` has the reason. */
  condemn(reason: string): void;
};

/** Starts a program, confined, as the leader of a process group of its own, and reads its output line by line. */
export function startChild(options: ChildOptions): Child {
  const { confinement, closesItself = false } = options;
  const { sandbox, limits } = confinement;
  const launch = launchOf(options);
  const group = groupFor(sandbox, limits);
  const child = execute(counted(launch, group), options.withoutInput === true ? 'ignore' : 'pipe');
  const maxLine = options.maxLine ?? 2_000;
  let condemned: string | undefined;
  const condemn = (reason: string): void => {
    condemned ??= reason;
    for (const one of outputs) one?.stop();
    endAtOnce(child.pid);
  };
  const listen = (
    stream: Readable | null,
    maxLength: number,
    onLine: (line: string) => void,
    onBytes: (bytes: Buffer) => void,
  ) =>
    stream === null
      ? undefined
      : readOutput(stream, { maxLength, onLine, onBytes, onFault: (error) => condemn(String(error)) });
  const { onBytes = () => {} } = options;
  const outputs = [
    listen(child.stdout, options.maxStdoutLine ?? maxLine, options.onStdout, (it) => onBytes('stdout', it)),
    listen(child.stderr, maxLine, options.onStderr, (it) => onBytes('stderr', it)),
  ];
  // The child may die while something is being written to it: its exit says so, an error event would not help.
  child.stdin?.on('error', () => {});
  // A grandchild that holds the pipes must not keep `exited` waiting: it dies with its group.
  child.nodeChildProcess.once('exit', () => {
    signalGroup(child.pid, 'SIGKILL');
    for (const one of outputs) one?.hurry();
  });

  let excess: Excess | undefined;
  let gone = false;
  const watch =
    child.pid === undefined
      ? undefined
      : watchLimits({ pid: child.pid, group, confinement, closesItself }, (over) => {
          excess = over;
          endAtOnce(child.pid);
        });
  const exited = child.then(async (result): Promise<ChildExit> => {
    excess ??= watch?.end();
    gone = true;
    await group?.remove();
    if (excess !== undefined) return { kind: 'limit', ...excess };
    if (condemned !== undefined) return { kind: 'broken', reason: condemned };
    if (result.signal !== undefined) return { kind: 'signalled', signal: result.signal };
    if (result.exitCode !== undefined) return realExit(launch.sandboxed, result.exitCode);
    return { kind: 'failed-to-start', reason: result.originalMessage ?? `${options.command} did not start` };
  });
  return {
    pid: child.pid,
    exited,
    cpuMs: async () => (gone ? 0 : (countedCpu(group) ?? (await treeCpuMs(child.pid)))),
    async write(data) {
      const { stdin } = child;
      if (stdin === undefined || stdin === null || stdin.destroyed || stdin.write(data)) return;
      const { promise: room, resolve } = Promise.withResolvers<void>();
      stdin.once('drain', resolve).once('close', resolve);
      await room;
      stdin.off('drain', resolve).off('close', resolve);
    },
    async kill(graceMs = 300) {
      // bubblewrap would end at SIGTERM without a word to what is inside.
      if (launch.sandboxed) endAtOnce(child.pid);
      else signalGroup(child.pid, 'SIGTERM');
      const timer = setTimeout(() => endAtOnce(child.pid), graceMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
    condemn,
  };
}

/** Null also where the system has no more groups to give: the child is watched, as on other machines. */
function groupFor({ groups }: Sandbox, limits: Limits): ControlGroup | null {
  try {
    return groups?.make(limits) ?? null;
  } catch {
    return null;
  }
}

function countedCpu(group: ControlGroup | null): number | null {
  try {
    return group?.cpuMs() ?? null;
  } catch {
    return null;
  }
}

/** A program that cannot be found is left as it is: starting it then says so. */
const counted = (launch: Launch, group: ControlGroup | null): Launch =>
  process.platform === 'linux' && findProgram(launch.command, searchPath()) !== null
    ? { ...launch, ...joining(launch, group) }
    : launch;

const execute = ({ command, args, env, cwd, filter }: Launch, stdin: 'pipe' | 'ignore') =>
  execa(command, args, {
    env,
    extendEnv: false,
    cwd,
    stdio: [stdin, 'pipe', 'pipe', ...(filter === null ? [] : [filter])],
    buffer: false,
    reject: false,
    cleanup: true,
    // Its own process group, so that a signal reaches what the child started too.
    killDescendants: true,
    forceKillAfterDelay: false,
  });
