import type { Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import { shownPicture } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { isDiskFull } from '../../disk-full.ts';
import type { ChunkProgress, RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import { renderFrame } from './frame.ts';
import { createJobDecoder, type JobDecoder } from './job-decoder.ts';
import { failure, outcomeOf } from './outcome.ts';
import type { Answer, AskOptions } from './session.ts';
import { createSlot, type Slot } from './slot.ts';
import { parseTask, type RenderTask, type Task } from './task.ts';

export type RunnerLimits = {
  /** Resident bytes above which a grown Blender is replaced between two frames. */
  recycleBytes: number;
  /** Frames after which a Blender is replaced. */
  recycleFrames: number;
};

/** Runs probe and render chunks in one warm Blender, which it starts right away. */
export function createBlenderRunner(options: RunnerOptions & RunnerLimits & { blender: string }): Runner {
  const slot = createSlot(options);
  const decoder = createJobDecoder(options);
  // Settles when no frame is looked at any more; the next one may be rendered meanwhile.
  let behind: Promise<unknown> = Promise.resolve();
  let last: Task | null = null;
  const runOne = async (
    chunk: RunnableChunk,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
    before: Promise<unknown>,
  ): Promise<RunOutcome> => {
    const task = await parseTask(chunk, last);
    if ('code' in task) return failure(task.code, task.message, '');
    last = task;
    const tell: typeof onProgress = (it) => onProgress({ ...it, log: slot.logText() });
    const ask: AskOptions = { hangLimitMs: chunk.hangLimitMs, signal, onProgress: tell };
    let freed = false;
    const free = async (): Promise<void> => {
      await slot.settle();
      freed = true;
      chunk.freed?.();
    };
    try {
      const outcome = await attempt({ slot, decoder, before, free }, task, chunk, ask);
      if (!freed) await slot.settle();
      return outcome;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return failure('disk-full', FAILURES['disk-full'].sentence, '');
    }
  };
  const closeDecoder = async (): Promise<void> => {
    await behind;
    await decoder.close();
  };
  return {
    run(chunk, onProgress, signal) {
      const outcome = runOne(chunk, onProgress, signal, behind);
      behind = Promise.allSettled([behind, outcome]).then(() => {});
      return outcome;
    },
    async memoryBytes() {
      const each = await Promise.all([slot.pid(), decoder.pid()].map(residentBytes));
      return each.reduce((sum, bytes) => sum + bytes, 0);
    },
    cpuMs: async () => await slot.cpuMs(),
    rest: async () => void (await Promise.all([slot.rest(), closeDecoder()])),
    forget: async () => void (await Promise.all([slot.forget(), closeDecoder()])),
    close: async () => void (await Promise.all([slot.close(), closeDecoder()])),
  };
}

type Tools = {
  slot: Slot;
  decoder: JobDecoder;
  /** Settles when the frames before this one are looked at. */
  before: Promise<unknown>;
  /** Gives the slot to the next chunk while this one's frame is looked at. */
  free(): Promise<void>;
};

/** A Blender that worked before and dies may have been worn out: the frame gets one try in a fresh one. */
async function attempt(tools: Tools, task: Task, chunk: RunnableChunk, ask: AskOptions): Promise<RunOutcome> {
  const { slot } = tools;
  const worked = slot.framesOf(task.key) > 0;
  const first = await work(tools, task, chunk, ask);
  if (first.answer.kind !== 'died' || !worked || first.outcome.ok) return first.outcome;
  if (first.outcome.code === 'script-failed') return first.outcome;
  slot.note(
    `Blender ended while it rendered; trying the frame once more in a fresh one. ${first.outcome.message}`,
  );
  return (await work(tools, task, chunk, ask)).outcome;
}

type Worked = { answer: Answer; outcome: RunOutcome };

async function work(tools: Tools, task: Task, chunk: RunnableChunk, ask: AskOptions): Promise<Worked> {
  const { slot, before, free } = tools;
  // The first time it gets ready while Blender opens the scene and renders.
  const decoder = task.kind === 'probe' ? null : await decoderOf(tools, task);
  const wasOpen = slot.hasOpen(task.key);
  const opened = await slot.open(task, ask);
  if (opened.kind !== 'done') return { answer: opened, outcome: outcomeOf(opened, task, slot.logLines()) };
  if (!wasOpen) chunk.opened?.();
  return task.kind === 'probe' || decoder === null
    ? await look(slot, task, ask)
    : await renderFrame({
        slot,
        decoder,
        task,
        outputs: chunk.outputs,
        ask,
        cards: chunk.cards,
        before,
        free,
      });
}

async function look(slot: Slot, task: Task, ask: AskOptions): Promise<Worked> {
  const answer = await slot.ask({ op: 'probe' }, ask);
  if (answer.kind !== 'done') return { answer, outcome: outcomeOf(answer, task, slot.logLines()) };
  return { answer, outcome: { ok: true, result: answer.result, files: [], log: slot.logLines().join('\n') } };
}

/** Decodes what users see of the frames: OpenEXR itself is decoded by Blender. */
async function decoderOf({ decoder, before }: Tools, { key, settings }: RenderTask): Promise<Decoder | null> {
  const { format, width, height } = shownPicture(settings);
  return await decoder.turnTo(key, { format, width, height }, before);
}
