import type { ChildExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { BoxShell, BoxWall, LoneShell, ShellOrder } from './box-wall.ts';
import { createMarkedOutput } from './marked-output.ts';
import type { CappedBuffer } from './printed.ts';
import { linesFor, linesWithWarning, type ShellRun } from './shell-lines.ts';

/** What a run is started with, and where what it prints is kept. */
export type ProcessRun = ShellRun & { out: CappedBuffer; err: CappedBuffer };

/** What runs in a box: a shell that waits for runs, or, where there is none, one run by itself. */
export type BoxProcess = Pick<BoxShell, 'cpuMs' | 'memoryBytes'> & {
  /** Resolves with the exit code of the run, or with how the box has ended before there was one. */
  run(run: ProcessRun): Promise<number | ChildExit>;
  /** True where the box is over with the one run that it was there for. */
  readonly isOver: boolean;
  /** The limit for which the kernel ended a process of it. */
  overLimit(): (ChildExit & { kind: 'limit' }) | null;
  warn(): void;
  kill(): Promise<void>;
};

type Order = Omit<ShellOrder, 'onBytes'> & { signal: AbortSignal; isWarned: boolean };

/** Starts the shell, unless it is known that there is none. `isWarned`: runs may have to be told to end. */
export function startProcess(wall: BoxWall, { signal, isWarned, ...order }: Order): BoxProcess {
  const streams = { stdout: createMarkedOutput(), stderr: createMarkedOutput() };
  const begin = <S extends BoxShell>(started: S): S => {
    const stop = () => void started.kill(0);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    void started.exited.then(() => signal.removeEventListener('abort', stop));
    return started;
  };
  const { alone } = wall;
  let isKilled = false;
  let lone: LoneShell | null = null;
  let shell: BoxShell | null =
    alone?.needed() === true
      ? null
      : begin(wall.start({ ...order, onBytes: (stream, bytes) => streams[stream].push(bytes) }));

  async function inShell(given: BoxShell, { out, err, ...run }: ProcessRun): Promise<number | ChildExit> {
    const marks = Promise.all([
      streams.stdout.next(run.word, out.add),
      streams.stderr.next(run.word, err.add),
    ]);
    void given.write((isWarned ? linesWithWarning : linesFor)(run));
    return Promise.race([marks.then(([status]) => Number(status)), given.exited]);
  }

  async function byItself(run: ProcessRun): Promise<number | ChildExit> {
    if (alone === undefined) throw new Error('a box has neither a shell nor a run by itself');
    const { out, err } = run;
    const onBytes: ShellOrder['onBytes'] = (stream, bytes) => (stream === 'stdout' ? out : err).add(bytes);
    lone = begin(alone.start({ ...order, onBytes }, run));
    shell = lone;
    const exit = await lone.exited;
    return exit.kind === 'exited' ? exit.code : exit;
  }

  return {
    async run(run) {
      const exit = shell === null ? null : await inShell(shell, run);
      if (typeof exit === 'number' || (exit !== null && (isKilled || signal.aborted))) return exit;
      return exit === null || alone?.needed() === true ? byItself(run) : exit;
    },
    get isOver() {
      return lone !== null;
    },
    overLimit: () => shell?.overLimit?.() ?? null,
    warn: () => (lone === null ? void shell?.write('\n') : lone.warn()),
    async kill() {
      isKilled = true;
      await shell?.kill(0);
    },
    cpuMs: async () => (await shell?.cpuMs()) ?? 0,
    memoryBytes: async () => (await shell?.memoryBytes()) ?? 0,
  };
}
