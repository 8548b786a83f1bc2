import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import { type ChildExit, realExit } from '@parallel-pilot/sandbox/child/exit.ts';
import type { Tail } from '@parallel-pilot/sandbox/child/tail.ts';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { MOST_OUTPUT_BYTES, type RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { fillIn, variablesOf } from '@parallel-pilot/shared/kinds/command/words.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import type { RunnerOptions } from '../kind.ts';
import type { BoxShell, BoxWall } from './box-wall.ts';
import { own as ownFolder, unpackCheckpoint } from './checkpoint-file.ts';
import { createMarkedOutput } from './marked-output.ts';
import { linesFor, linesWithWarning } from './shell-lines.ts';
import { unpackResults } from './unpack-results.ts';

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
  readonly shell: BoxShell;
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
/** Folders of runs, and links in them. */
const MOST_RUNS = 256;
const MOST_LINKS = 2_000;
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
    const most = await layOut(workspace, order);
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
  const streams = { stdout: createMarkedOutput(), stderr: createMarkedOutput() };
  let word = '';
  const print = (line: string): void => {
    const [own = ''] = line.split(`\0${word}`);
    if (own === '') return;
    tail.add(own);
    order.onPrinted();
  };
  const shell = wall.start({
    workspace,
    limits,
    environment: { ...order.environment, ...sharedVariables(workspace, options.threads) },
    onBytes: (stream, bytes) => streams[stream].push(bytes),
    onLine: print,
  });
  const stop = () => void shell.kill(0);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  void shell.exited.then(() => signal.removeEventListener('abort', stop));

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
    const marks = Promise.all([streams.stdout.next(word, out.add), streams.stderr.next(word, err.add)]);
    const variables = {
      ...variablesOf(named),
      PILOT_RESULTS: posix.join(workspace.inside.work, String(number)),
    };
    const late = timer(stage.timeSeconds, () => void shell.kill(0));
    const lines = stage.checkpoint == null ? linesFor : linesWithWarning;
    void shell.write(lines({ folder: variables.PILOT_RESULTS, variables, words, word }));
    const exit = await Promise.race([marks.then(([status]) => Number(status)), shell.exited]);
    late.clear();
    if (typeof exit !== 'number') {
      over = true;
      return late.passed ? ended(TOO_LATE) : ended(exit, true);
    }
    if (wall.isNotFound(words, exit)) return ended('not-found');
    const limit = exit === KILLED ? (shell.overLimit?.() ?? null) : null;
    if (limit === null) return ended(realExit(true, exit));
    over = true;
    await shell.kill(0);
    return ended(limit, true);
  }

  return {
    shell,
    get hasRoom() {
      const isYoung = performance.now() - startedAt < LASTS_MS;
      return !over && begun < most && (begun === 0 || (isYoung && held < MOST_HELD_BYTES));
    },
    run,
    warn: () => void shell.write('\n'),
    async end() {
      over = true;
      await shell.kill(0);
    },
    folderOf: (number) => join(workspace.folders.work, String(number)),
    remove: () => workspace.remove(),
  };
}

/** What sh(1) says of a program that was ended by SIGKILL. */
const KILLED = 137;
const TOO_LATE: ChildExit = { kind: 'limit', limit: 'time', message: 'It took too long.' };

/** Makes the folders of the first runs, while nobody is there who could put something else in their place; how many. */
async function layOut(workspace: Workspace, { inputs, stage, runs, checkpoint }: BoxOrder): Promise<number> {
  await workspace.fill(inputs);
  const { folders, inside, uid } = workspace;
  if (stage.gathers === true) await unpackResults(folders.in);
  for (const path of stage.executables) await chmod(join(folders.in, path), 0o555);
  // Among the inputs of the lease; the run finds what is in it.
  rmSync(join(folders.in, CHECKPOINT.path), { force: true });
  const names = readdirSync(folders.in);
  const most = Math.max(1, Math.min(runs.length, MOST_RUNS, Math.floor(MOST_LINKS / (names.length + 1))));
  for (const run of runs.slice(0, most)) {
    const own = join(folders.work, String(run));
    mkdirSync(own);
    chmodSync(own, 0o755);
    for (const name of names) symlinkSync(posix.join(inside.in, name), join(own, name));
    if (uid !== null) chownSync(own, uid, uid);
    if (stage.checkpoint == null) continue;
    ownFolder(own, stage.checkpoint, uid);
    if (checkpoint !== undefined && run === runs[0])
      await unpackCheckpoint(checkpoint, join(own, stage.checkpoint), uid);
  }
  // What a run leaves beside its folder would be lost: it is told so. A worker that is not root leaves it open, as it
  // could not remove it after its own sudden end.
  if (uid !== null) chownSync(folders.work, 0, 0);
  return most;
}

function sharedVariables({ inside }: Workspace, threads: number): Record<string, string> {
  const count = String(Math.max(1, Math.floor(threads)));
  const pools = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'BLIS'].map((name) => [`${name}_NUM_THREADS`, count]);
  return {
    ...Object.fromEntries(pools),
    // What it prints is seen while it runs.
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PILOT_FILES: inside.in,
    PILOT_CPUS: count,
  };
}

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

/** The beginning of what is printed, as far as it is kept. */
function cappedBuffer() {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(bytes: Buffer): void {
      const room = MOST_OUTPUT_BYTES - size;
      if (room <= 0) return;
      // A copy: the stream's own piece is larger than what one run printed.
      const part = Buffer.from(bytes.subarray(0, room));
      parts.push(part);
      size += part.length;
    },
    bytes: () => Buffer.concat(parts),
  };
}
