import { join } from 'node:path';
import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';
import { createTail, type Tail } from '@parallel-pilot/sandbox/child/tail.ts';
import type { CommandFailure } from '@parallel-pilot/shared/kinds/command/failures.ts';
import { valuesOf } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import {
  DATA,
  MOST_LISTED_CHARACTERS,
  type RunResult,
  RunsChunk,
  RunsResult,
  RunsStage,
} from '@parallel-pilot/shared/kinds/command/stages.ts';
import { NOTICE_MS } from '@parallel-pilot/shared/model/checkpoint.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { isDiskFull } from '../../disk-full.ts';
import type { ChunkProgress, OutputFile, RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import { visibleCards } from '../visible-cards.ts';
import { type BoxWall, sandboxWall } from './box-wall.ts';
import { BadCheckpoint, hasCheckpoint, packCheckpoint } from './checkpoint-file.ts';
import { addFile, createDataFile, type DataFile, leftFiles } from './data-file.ts';
import { failureOf, type RunFailure } from './outcome.ts';
import { type Ended, openBox, type RunBox } from './run-box.ts';

/** What a chunk's runs are done in, and the folder with the files that they find. */
export type Setting = {
  wall: BoxWall;
  inputs: string;
  /** Beside what every run is told. */
  environment: Record<string, string>;
};

/** Runs the command of a chunk, once or as often as its bundle says; short runs one after the other in one box. */
export const createCommandRunner = (options: RunnerOptions): Runner => {
  const wall = sandboxWall(options.sandbox);
  return createRunsRunner(options, ({ inputs, cards }, work) => {
    const environment = cards === undefined ? {} : visibleCards(cards, childEnvironment(options.sandbox));
    return work({ wall, inputs, environment });
  });
};

/** The same wherever the runs are done: `within` sets that up, has the work done in it, and clears away after it. */
export function createRunsRunner(
  options: RunnerOptions,
  within: (
    chunk: RunnableChunk,
    work: (setting: Setting) => Promise<RunOutcome>,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
  ) => Promise<RunOutcome>,
): Runner {
  let box: RunBox | null = null;
  const nothing = async () => {};

  async function run(
    chunk: RunnableChunk,
    { wall, inputs, environment }: Setting,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const stage = RunsStage.parse(chunk.stageSpec);
    const { first, count, own = [] } = RunsChunk.parse(chunk.chunkSpec);
    const tail = createTail(60, 3_500);
    const data = createDataFile(join(chunk.outputs, DATA));
    const result: RunsResult = { runs: [], failed: [] };
    const until = stage.withinMs === null ? Number.POSITIVE_INFINITY : performance.now() + stage.withinMs;
    let listed = 0;
    let at = 0;
    let kept = 0;
    const tell = (isKept = false) => {
      if (isKept) kept = SOME_KEPT;
      onProgress({
        ...(stage.checkpoint == null ? {} : { kept }),
        fraction: at / count,
        detail: count === 1 ? '' : `Run ${at + 1} of ${count}`,
        log: `${tail.text()}\n`,
      });
    };
    const open = (from: number) =>
      openBox(
        {
          ...{ stage, wall, inputs, environment, tail, signal, onPrinted: () => tell() },
          checkpoint: chunk.checkpoint,
          runs: Array.from({ length: count - from }, (_, index) => first + from + index),
        },
        options,
      );
    /** What the runs of a box have left; only now nothing of theirs runs any more. */
    const empty = async (full: RunBox, waiting: Waiting[]): Promise<RunFailure | null> => {
      await full.end();
      for (const { run: number, ended } of waiting.splice(0)) {
        const room = MOST_LISTED_CHARACTERS - listed;
        const done = await take(ended, {
          ...{ stage, place: wall.place },
          run: number,
          data,
          room,
          work: full.folderOf(number),
        });
        if ('files' in done) {
          result.runs.push(done);
          listed += JSON.stringify(done).length;
        } else if (count === 1) return done;
        // The report is full: the others come once more.
        else if (done.code === 'too-many-files' && result.runs.length > 0) return null;
        else result.failed.push({ run: number, ...done });
      }
      return null;
    };

    const waiting: Waiting[] = [];
    while (at < count) {
      box = await open(at);
      try {
        for (; at < count && box.hasRoom; at += 1) {
          // What a bundle has not begun by then comes once more; one run at least is done.
          if (at > 0 && (performance.now() > until || chunk.notice?.aborted)) break;
          tell();
          const number = first + at;
          const watch = stage.checkpoint == null ? null : watchRun(box, { chunk, number, stage, tell });
          const ended = await box.run(number, valuesOf(stage.parameters, number, own[at] ?? []));
          watch?.end();
          // Told to end, it has: what it keeps goes on elsewhere. One that came to its end all the same is done.
          if (
            watch?.warned === true &&
            ended.exit !== 'not-found' &&
            failureOf(ended.exit, stage, wall.place) !== null
          ) {
            await box.end();
            return preempted(tail, await packCheckpoint(watch.folder, chunk.outputs));
          }
          if (signal.aborted) return canceled(tail);
          // What ended the box may be what runs before it left: it is tried by itself.
          if (ended.endedBox && !ended.isAlone) break;
          waiting.push({ run: number, ended });
        }
        const failure = await empty(box, waiting);
        if (failure !== null) return { ok: false, ...failure, log: tail.text() };
      } finally {
        await box.end();
        await box.remove();
        box = null;
      }
      if (performance.now() > until || listed > MOST_LISTED_CHARACTERS / 2 || chunk.notice?.aborted) break;
    }
    return {
      ok: true,
      result: RunsResult.parse(result),
      files: await filesOf(data, chunk.outputs),
      log: tail.text(),
    };
  }

  return {
    async run(chunk, onProgress, signal) {
      try {
        return await within(chunk, (setting) => run(chunk, setting, onProgress, signal), onProgress, signal);
      } catch (error) {
        if (error instanceof BadCheckpoint)
          return { ok: false, code: 'unexpected', message: error.message, log: '' };
        if (!isDiskFull(error)) throw error;
        return { ok: false, code: 'disk-full', message: FAILURES['disk-full'].sentence, log: '' };
      } finally {
        box = null;
      }
    },
    memoryBytes: async () => (await box?.process.memoryBytes()) ?? 0,
    cpuMs: async () => (await box?.process.cpuMs()) ?? 0,
    rest: nothing,
    forget: nothing,
    close: async () => void (await box?.process.kill()),
  };
}

/** How much of a run stands in its checkpoint nobody knows; that it is worth moving is what is told. */
const SOME_KEPT = 0.01;
const LOOK_MS = 1_000;
/** Of the notice: what is left is for packing what the run keeps. */
const WARNING_MS = 0.7 * NOTICE_MS;

type Watched = {
  chunk: Pick<RunnableChunk, 'notice'>;
  number: number;
  stage: RunsStage;
  tell(isKept: boolean): void;
};

/** Looks after a run that keeps a checkpoint: tells that there is one, and has it end when the chunk is taken back. */
function watchRun(box: RunBox, { chunk, number, stage, tell }: Watched) {
  const folder = join(box.folderOf(number), stage.checkpoint ?? '');
  let late: NodeJS.Timeout | undefined;
  const looking = setInterval(() => void hasCheckpoint(folder).then((is) => is && tell(true)), LOOK_MS);
  const watch = {
    folder,
    warned: false,
    end() {
      clearInterval(looking);
      clearTimeout(late);
      chunk.notice?.removeEventListener('abort', warn);
    },
  };
  const warn = (): void => {
    watch.warned = true;
    box.warn();
    late = setTimeout(() => void box.end(), WARNING_MS);
  };
  if (chunk.notice?.aborted === true) warn();
  else chunk.notice?.addEventListener('abort', warn, { once: true });
  return watch;
}

const preempted = (tail: Tail, checkpoint: OutputFile | null): RunOutcome => ({
  ok: false,
  code: 'preempted',
  message: 'It was told to end, and has.',
  log: tail.text(),
  ...(checkpoint === null ? {} : { checkpoint }),
});

type Waiting = { run: number; ended: Ended };

type Taking = { stage: RunsStage; place: string; run: number; data: DataFile; room: number; work: string };

/** What a run came to: its output and files go to the data, where it did not fail. */
async function take(
  { exit, ms, out, err }: Ended,
  { stage, place, run, data, room, work }: Taking,
): Promise<RunResult | RunFailure> {
  const failure = failureOf(exit, stage, place);
  if (failure !== null) return failure;
  const all = await leftFiles(work, room);
  if (!all.ok) return { code: 'too-many-files' satisfies CommandFailure, message: all.message };
  // What it would have gone on from is no result.
  const left = all.files.filter(
    ({ path }) => stage.checkpoint == null || !path.startsWith(`${stage.checkpoint}/`),
  );
  const before = data.size;
  await data.add(out);
  await data.add(err);
  const files: RunResult['files'] = [];
  for (const { path } of left) {
    const size = await addFile(work, path, data);
    if (size === null) {
      data.cut(before);
      return { code: 'bad-output', message: `The file ${path} that it left cannot be read.` };
    }
    files.push([path as RunResult['files'][number][0], size]);
  }
  return { run, ms, out: out.length, err: err.length, files };
}

async function filesOf(data: DataFile, outputs: string): Promise<OutputFile[]> {
  const bytes = await data.end();
  if (data.size === 0) return [];
  const file = { name: DATA, path: join(outputs, DATA), mediaType: 'application/octet-stream' };
  return [bytes === null ? file : { ...file, bytes }];
}

const canceled = (tail: Tail): RunOutcome => ({
  ok: false,
  code: 'canceled',
  message: FAILURES.canceled.sentence,
  log: tail.text(),
});
