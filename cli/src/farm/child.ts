import { type ChildProcess, fork } from 'node:child_process';
import { FromChild, type Ready } from '@parallel-pilot/shared/protocol/supervision.ts';
import { print } from '../text/print.ts';
import { lastLines, openLog } from './child-log.ts';

/** A program of the farm: one `main.ts`, its environment, and where its output goes. */
export type ChildProgram = {
  /** As people call it: "load balancer", "worker studio-2". */
  name: string;
  main: string;
  /** Flags of Node itself. */
  nodeFlags?: string[];
  env: NodeJS.ProcessEnv;
  log: string;
  /** Also copies the output to this terminal. */
  verbose: boolean;
};

export type ChildExit = { code: number | null; signal: NodeJS.Signals | null; livedMs: number };

/** How a start ended: the child is ready, or it says why not, or it died or stayed silent. */
export type StartOutcome =
  | { status: 'ready'; ready: Ready }
  | { status: 'start-failed'; message: string }
  | { status: 'died'; exit: ChildExit }
  | { status: 'silent' };

export type RunningChild = {
  pid: number | undefined;
  started: Promise<StartOutcome>;
  exited: Promise<ChildExit>;
  signal(signal: NodeJS.Signals): void;
  /** The last lines of what this very process wrote. */
  tail(count: number): Promise<string[]>;
};

/**
 * Starts a program with an IPC channel. It gets a process group of its own, so
 * that Ctrl-C in the terminal reaches `pilot` alone, which then stops its
 * children in order; a child whose channel closes stops by itself.
 */
export async function startChild(program: ChildProgram, readyWithinMs: number): Promise<RunningChild> {
  const log = await openLog(program.log);
  const { size } = await log.stat();
  const output = program.verbose ? 'pipe' : log.fd;
  const child = fork(program.main, [], {
    env: program.env,
    execArgv: program.nodeFlags ?? [],
    stdio: ['ignore', output, output, 'ipc'],
    detached: process.platform !== 'win32',
  });
  const bornAt = performance.now();
  if (program.verbose) copyOutput(child, log.createWriteStream(), program.name);
  else await log.close();
  const exited = exitOf(child, bornAt);
  return {
    pid: child.pid,
    started: outcomeOf(child, exited, readyWithinMs),
    exited,
    signal: (signal) => void child.kill(signal),
    tail: (count) => lastLines(program.log, count, size),
  };
}

function exitOf(child: ChildProcess, bornAt: number): Promise<ChildExit> {
  return new Promise((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) =>
      resolve({ code, signal, livedMs: performance.now() - bornAt });
    child.once('exit', end);
    // A program that could not be started at all has no exit.
    child.once('error', () => child.pid === undefined && end(null, null));
    child.on('error', () => {});
  });
}

function outcomeOf(
  child: ChildProcess,
  exited: Promise<ChildExit>,
  readyWithinMs: number,
): Promise<StartOutcome> {
  return new Promise((resolve) => {
    const bell = setTimeout(() => resolve({ status: 'silent' }), readyWithinMs);
    const settle = (outcome: StartOutcome) => {
      clearTimeout(bell);
      resolve(outcome);
    };
    child.on('message', (data) => {
      const message = FromChild.safeParse(data);
      if (!message.success) return;
      if (message.data.type === 'ready') settle({ status: 'ready', ready: message.data });
      else settle({ status: 'start-failed', message: message.data.message });
    });
    exited.then((exit) => settle({ status: 'died', exit }));
  });
}

function copyOutput(child: ChildProcess, file: NodeJS.WritableStream, name: string): void {
  let open = 2;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => {
      file.write(data);
      for (const line of data.toString('utf8').trimEnd().split('\n'))
        print(process.stderr, `[${name}] ${line}`);
    });
    stream?.once('close', () => {
      open -= 1;
      if (open === 0) file.end();
    });
  }
}
