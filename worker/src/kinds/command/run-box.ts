import { randomBytes } from 'node:crypto';
import { join, posix } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { type ChildExit, realExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { Tail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { fillIn, variablesOf } from '@parallel-pilot/shared/kinds/command/words.ts';
import type { RunnerOptions } from '../kind.ts';
import { type BoxProcess, startProcess } from './box-process.ts';
import type { BoxWall } from './box-wall.ts';
import { layOut, sharedVariables } from './lay-out.ts';
import { cappedBuffer } from './printed.ts';

export type BoxOrder = {
  stage: RunsStage;
  /** The runs that may come, counted from 0, in order; see RunBox.room. */
  runs: readonly number[];
  wall: BoxWall;
  /** Folder with the files that go along. */
  inputs: string;
  /** What an earlier lease of the first run left, to go on from. */
  checkpoint?: string | undefined;
  environment: Record<string, string>;
  /** The last lines that are printed go here. */
  tail: Tail;
  onPrinted(): void;
  signal: AbortSignal;
};

/**
 * How a run went. `ms` is its own time; `isAlone` where no other run had been in the box before. `endedBox` where the box
 * ended with it, and not because of its own time.
 */
export type Ended = {
  exit: ChildExit | 'not-found';
  ms: number;
  out: Buffer;
  err: Buffer;
  isAlone: boolean;
  endedBox: boolean;
};

/** A box in which runs of one job are done one after the other, each in an empty folder of its own. */
export type RunBox = {
  readonly process: Pick<BoxProcess, 'cpuMs' | 'memoryBytes' | 'kill'>;
  /** True for as long as a further run may be done in it. */
  readonly hasRoom: boolean;
  /** Has the run that is under way told to end, with SIGTERM; of a stage with checkpoints. */
  warn(): void;
  run(run: number, values: Record<string, string>): Promise<Ended>;
  /** Ends it. What runs have left is read afterwards. */
  end(): Promise<void>;
  /** The folder of a run, on this machine; nothing but what lies there once the box has ended. */
  folderOf(run: number): string;
  remove(): Promise<void>;
};

/** A box costs some ten milliseconds: it lasts for many short runs, and for one long. */
const LASTS_MS = 1_000;
/** Of outputs, until they are taken. */
const MOST_HELD_BYTES = 8 * 1024 ** 2;

/**
 * Opens a box with a shell in it that waits for runs. A run starts in the empty folder for its results, in which links
 * lead to its files: so it finds them where they lay when it was submitted, and what is no link in there afterwards it
 * has left. Limits hold for the whole box: a run that goes over one ends it, and where it was not alone it is for the
 * caller to try it by itself.
 */
export async function openBox(order: BoxOrder, options: RunnerOptions): Promise<RunBox> {
  const { sandbox, folder, limits = defaultLimits() } = options;
  // What ends the processes of a run ends all that its user has, see linesFor: on this machine, if there were no box.
  if (sandbox.level === 'none') throw new Error('Commands run in a sandbox or not at all.');
  const workspace = createWorkspace(sandbox, folder);
  try {
    // Where no shell waits for the next one, a box is for one run.
    const runs = order.wall.alone?.needed() === true ? order.runs.slice(0, 1) : order.runs;
    const most = await layOut(workspace, { ...order, runs });
    return start(order, options, workspace, { most, limits });
  } catch (error) {
    await workspace.remove();
    throw error;
  }
}

type Started = { most: number; limits: NonNullable<RunnerOptions['limits']> };

function start(
  order: BoxOrder,
  options: RunnerOptions,
  workspace: Workspace,
  { most, limits }: Started,
): RunBox {
  const { stage, wall, tail, signal } = order;
  let word = '';
  const print = (line: string): void => {
    const [own = ''] = line.split(`\0${word}`);
    if (own === '') return;
    tail.add(own);
    order.onPrinted();
  };
  const process = startProcess(wall, {
    ...{ workspace, limits, signal, onLine: print, isWarned: stage.checkpoint != null },
    environment: { ...order.environment, ...sharedVariables(workspace, options.threads) },
  });

  const startedAt = performance.now();
  let [begun, held, over] = [0, 0, false];

  async function run(number: number, values: Record<string, string>): Promise<Ended> {
    const [out, err] = [cappedBuffer(), cappedBuffer()];
    const isAlone = begun === 0;
    begun += 1;
    word = randomBytes(12).toString('hex');
    const named = { ...values, run: String(number + 1), runs: String(stage.total) };
    const words = wall.program(fillIn(stage.words, named));
    const began = performance.now();
    const ended = (exit: Ended['exit'], endedBox = false): Ended => {
      held += out.size + err.size;
      return { exit, ms: performance.now() - began, out: out.bytes(), err: err.bytes(), isAlone, endedBox };
    };
    if (words === null) return ended('not-found');
    const folder = posix.join(workspace.inside.work, String(number));
    const variables = { ...variablesOf(named), PILOT_RESULTS: folder };
    const late = timer(stage.timeSeconds, () => void process.kill());
    const exit = await process.run({ folder, variables, words, word, out, err });
    late.clear();
    over ||= process.isOver || typeof exit !== 'number';
    if (late.passed && (typeof exit !== 'number' || process.isOver)) return ended(TOO_LATE);
    if (typeof exit !== 'number') return ended(exit, true);
    if (wall.isNotFound(words, exit)) return ended('not-found');
    const limit = exit === KILLED ? process.overLimit() : null;
    if (limit === null) return ended(realExit(true, exit));
    over = true;
    await process.kill();
    return ended(limit, true);
  }

  return {
    process,
    get hasRoom() {
      const isYoung = performance.now() - startedAt < LASTS_MS;
      return !over && begun < most && (begun === 0 || (isYoung && held < MOST_HELD_BYTES));
    },
    run,
    warn: () => process.warn(),
    async end() {
      over = true;
      await process.kill();
    },
    folderOf: (number) => join(workspace.folders.work, String(number)),
    remove: () => workspace.remove(),
  };
}

/** What sh(1) says of a program that was ended by SIGKILL. */
const KILLED = 137;
const TOO_LATE: ChildExit = { kind: 'limit', limit: 'time', message: 'It took too long.' };

function timer(seconds: number | null, act: () => void) {
  let passed = false;
  const wait =
    seconds === null
      ? undefined
      : setTimeout(
          () => {
            passed = true;
            act();
          },
          Math.min(seconds * 1_000, 2 ** 31 - 1),
        );
  return {
    get passed() {
      return passed;
    },
    clear: () => clearTimeout(wait),
  };
}
