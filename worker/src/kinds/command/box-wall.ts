import type { Child } from '@parallel-pilot/sandbox/child/child.ts';
import { startChild } from '@parallel-pilot/sandbox/child/child.ts';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import type { Limits, Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { findCommand } from './find-command.ts';

/** The shell of a box, and with it all that runs there. */
export type BoxShell = Pick<Child, 'exited' | 'cpuMs' | 'write' | 'kill'> & {
  /** What all of it holds of memory. */
  memoryBytes(): Promise<number>;
  /** The limit for which the kernel has ended one of its processes while the shell lives on; never, where it is left out. */
  overLimit?(): (ChildExit & { kind: 'limit' }) | null;
};

export type ShellOrder = {
  workspace: Workspace;
  limits: Limits;
  /** Beside what the box has of itself. */
  environment: Record<string, string>;
  onBytes(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  onLine(line: string): void;
};

/** A run that no shell starts: `words` are what `program` gave, `folder` where it starts, by its path in the box. */
export type LoneRun = {
  words: readonly string[];
  folder: string;
  variables: Readonly<Record<string, string>>;
};

/** A box of one run, which ends with it. `warn` has it get SIGTERM. */
export type LoneShell = BoxShell & { warn(): void };

/** What keeps the runs of a box in, and where their programs come from. */
export type BoxWall = {
  /** Starts a POSIX shell that reads commands from its input, in the workspace. */
  start(order: ShellOrder): BoxShell;
  /** For a place that may have no shell: `needed` once that is seen, by a shell that could not be started. */
  alone?: { needed(): boolean; start(order: ShellOrder, run: LoneRun): LoneShell };
  /** What the shell is to execute for these words; null where there is no such program. */
  program(words: readonly string[]): string[] | null;
  /** Where it looks for it: "on this worker". */
  readonly place: string;
  /** Whether this exit code of what `program` gave says that there is no such program. */
  isNotFound(words: readonly string[], exit: number): boolean;
};

/** The worker's own sandbox, and the programs of its machine. */
export function sandboxWall(sandbox: Sandbox): BoxWall {
  const found = new Map<string, string | null>();
  const find = (name: string): string | null => {
    if (!found.has(name)) found.set(name, findCommand(name, sandbox));
    return found.get(name) ?? null;
  };
  return {
    start({ workspace, limits, environment, onBytes, onLine }) {
      const child = startChild({
        command: SHELL,
        args: ['-s'],
        env: { ...childEnvironment(sandbox), ...environment },
        confinement: { sandbox, workspace, read: [], limits },
        onBytes,
        onStdout: onLine,
        onStderr: onLine,
      });
      return { ...child, memoryBytes: () => residentBytes(child.pid) };
    },
    place: 'on this worker',
    program: (words) => programOf(words, find),
    isNotFound: ([program], exit) => program === ENV && (exit === 126 || exit === 127),
  };
}

const SHELL = '/bin/sh';

/** By its name it is the worker's own; by a path below the folder it is one of the job's files, which only the box has. */
function programOf(
  [name = '', ...args]: readonly string[],
  find: (name: string) => string | null,
): string[] | null {
  if (name.includes('/') && !name.startsWith('/')) return [ENV, '--', name, ...args];
  const command = find(name);
  return command === null ? null : [command, ...args];
}

/** It ends with 126 for a program that cannot be run, 127 for one that cannot be found: env(1). */
const ENV = '/usr/bin/env';
