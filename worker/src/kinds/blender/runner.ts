import { join } from 'node:path';
import type { Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import { type Expected, mostBytes } from '@parallel-pilot/images/picture.ts';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import { EXTENSIONS, type FrameResult, MEDIA_TYPES } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import { isDiskFull } from '../../disk-full.ts';
import type { RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import { finishImage, type ImageCheck, NO_OUTPUT, wrongSize } from './image.ts';
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
  const tools: Tools = { slot, decoder };
  return {
    async run(chunk, onProgress, signal) {
      const task = await parseTask(chunk);
      if ('code' in task) return failure(task.code, task.message, '');
      const tell: typeof onProgress = (it) => onProgress({ ...it, log: slot.logText() });
      const ask: AskOptions = { hangLimitMs: chunk.hangLimitMs, signal, onProgress: tell };
      try {
        const outcome = await attempt(tools, task, chunk, ask);
        await slot.settle();
        return outcome;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        return failure('disk-full', FAILURES['disk-full'].sentence, '');
      }
    },
    async memoryBytes() {
      const each = await Promise.all([slot.pid(), decoder.pid()].map(residentBytes));
      return each.reduce((sum, bytes) => sum + bytes, 0);
    },
    cpuMs: async () => await slot.cpuMs(),
    rest: async () => void (await Promise.all([slot.rest(), decoder.close()])),
    forget: async () => void (await Promise.all([slot.forget(), decoder.close()])),
    close: async () => void (await Promise.all([slot.close(), decoder.close()])),
  };
}

/** What stays warm from one chunk to the next. */
type Tools = { slot: Slot; decoder: JobDecoder };

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

/** What the frames of a job must be, and who decodes them. */
type Look = { expected: Expected; decoder: Decoder | null };

async function lookOf({ decoder }: Tools, { key, settings }: RenderTask): Promise<Look> {
  const expected: Expected = { format: settings.format, ...frameSize(settings) };
  return { expected, decoder: await decoder.turnTo(key, expected) };
}

async function work(tools: Tools, task: Task, chunk: RunnableChunk, ask: AskOptions): Promise<Worked> {
  const { slot } = tools;
  const fail = (answer: Exclude<Answer, { kind: 'done' }>): Worked => ({
    answer,
    outcome: outcomeOf(answer, task, slot.logLines()),
  });
  // The first time it gets ready while Blender opens the scene and renders.
  const look = task.kind === 'probe' ? null : await lookOf(tools, task);
  const opened = await slot.open(task, ask);
  if (opened.kind !== 'done') return fail(opened);
  if (task.kind === 'probe' || look === null) {
    const answer = await slot.ask({ op: 'probe' }, ask);
    if (answer.kind !== 'done') return fail(answer);
    const { result } = answer;
    return { answer, outcome: { ok: true, result, files: [], log: slot.logLines().join('\n') } };
  }
  const name = `frame.${EXTENSIONS[task.settings.format]}`;
  const { frame, settings } = task;
  const workspace = slot.workspace();
  const output = join(workspace.inside.work, name);
  // What an earlier frame or a script left here must never pass for this one's image.
  await workspace.discard(name);
  const answer = await slot.ask({ op: 'render', frame, output, settings }, ask);
  if (answer.kind !== 'done') return fail(answer);
  slot.rendered(answer.rss);
  ask.onProgress?.({ fraction: 1, detail: 'Checking the image' });
  const image = { name, inside: output, path: join(chunk.outputs, name), ...look };
  return {
    answer,
    outcome: await checked(slot, task, image, answer.result.renderMs, ask),
  };
}

async function finish(
  { path, expected, decoder }: Image,
  loaded: { held: Buffer | null } | null,
  signal: AbortSignal,
): Promise<ImageCheck | 'canceled'> {
  if (loaded === null) return NO_OUTPUT;
  try {
    return await finishImage({ path, held: loaded.held }, expected, decoder, signal);
  } catch (error) {
    if (signal.aborted) return 'canceled';
    throw error;
  }
}

/** `inside` is where Blender sees what it wrote, `path` where the agent wants it. */
type Image = Look & { name: string; inside: string; path: string };

async function checked(
  slot: Slot,
  task: RenderTask,
  image: Image,
  renderMs: number,
  ask: AskOptions,
): Promise<RunOutcome> {
  const { name, inside, path, expected } = image;
  const { format, ...pixels } = expected;
  const loaded = await slot.workspace().load(name, path, mostBytes(expected));
  if (!loaded.ok && loaded.reason !== 'absent') return failure('bad-output', loaded.message, '');
  const check = await finish(image, loaded.ok ? loaded : null, ask.signal);
  if (check === 'canceled') return outcomeOf({ kind: 'canceled' }, task, slot.logLines());
  // Blender's log often has the reason for an image that is not there.
  if (!check.ok) return outcomeOf({ kind: 'refused', ...check }, task, slot.logLines());
  if (format === 'OPEN_EXR') {
    const decoded = await slot.ask({ op: 'decode', path: inside }, ask);
    if (decoded.kind === 'refused') {
      const message = 'The OpenEXR image cannot be decoded.';
      return failure('bad-output', `${message} ${decoded.message}`, slot.logLines().join('\n'));
    }
    if (decoded.kind !== 'done') return outcomeOf(decoded, task, slot.logLines());
    const size = decoded.result;
    if (size.width !== expected.width || size.height !== expected.height) {
      return outcomeOf({ kind: 'refused', ...wrongSize(size, expected) }, task, slot.logLines());
    }
  }
  const result: FrameResult = { frame: task.frame, ...pixels, renderMs };
  const files = [{ name: 'frame', path, mediaType: MEDIA_TYPES[format] }];
  return { ok: true, result, files, log: slot.logLines().join('\n') };
}
