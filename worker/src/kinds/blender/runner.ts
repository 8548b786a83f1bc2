import { join } from 'node:path';
import { residentBytes } from '@parallel-pilot/sandbox/limits/memory.ts';
import { EXTENSIONS, type FrameResult, MEDIA_TYPES } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import { FAILURES } from '@parallel-pilot/shared/protocol/failures.ts';
import { isDiskFull } from '../../agent/disk-room.ts';
import type { RunnableChunk, Runner, RunnerOptions, RunOutcome } from '../kind.ts';
import { finishImage, wrongSize } from './image.ts';
import { DecodeReply, RenderReply } from './messages.ts';
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
  return {
    async run(chunk, onProgress, signal) {
      const task = await parseTask(chunk);
      if ('code' in task) return failure(task.code, task.message, '');
      const ask: AskOptions = { hangLimitMs: chunk.hangLimitMs, signal, onProgress };
      try {
        const outcome = await attempt(slot, task, chunk, ask);
        await slot.settle();
        return outcome;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        return failure('disk-full', FAILURES['disk-full'].sentence, '');
      }
    },
    memoryBytes: async () => await residentBytes(slot.pid()),
    rest: async () => await slot.rest(),
    close: async () => await slot.close(),
  };
}

/** A Blender that worked before and dies may have been worn out: the frame gets one try in a fresh one. */
async function attempt(slot: Slot, task: Task, chunk: RunnableChunk, ask: AskOptions): Promise<RunOutcome> {
  const worked = slot.framesOf(task.key) > 0;
  const first = await work(slot, task, chunk, ask);
  if (first.answer.kind !== 'died' || !worked || first.outcome.ok) return first.outcome;
  if (first.outcome.code === 'script-failed') return first.outcome;
  slot.note(
    `Blender ended while it rendered; trying the frame once more in a fresh one. ${first.outcome.message}`,
  );
  return (await work(slot, task, chunk, ask)).outcome;
}

/** 16,384 pixels square with four floats each, uncompressed. */
const MOST_IMAGE_BYTES = 4 * 1024 ** 3;

type Worked = { answer: Answer; outcome: RunOutcome };

async function work(slot: Slot, task: Task, chunk: RunnableChunk, ask: AskOptions): Promise<Worked> {
  const fail = (answer: Exclude<Answer, { kind: 'done' }>): Worked => ({
    answer,
    outcome: outcomeOf(answer, task, slot.logLines()),
  });
  const opened = await slot.open(task, ask);
  if (opened.kind !== 'done') return fail(opened);
  if (task.kind === 'probe') {
    const answer = await slot.ask({ op: 'probe' }, ask);
    if (answer.kind !== 'done') return fail(answer);
    const result = BlenderProbe.parse(answer.result);
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
  const image = { name, inside: output, path: join(chunk.outputs, name) };
  return {
    answer,
    outcome: await checked(slot, task, image, RenderReply.parse(answer.result).renderMs, ask),
  };
}

/** `inside` is where Blender sees what it wrote, `path` where the agent wants it. */
type Image = { name: string; inside: string; path: string };

async function checked(
  slot: Slot,
  task: RenderTask,
  image: Image,
  renderMs: number,
  ask: AskOptions,
): Promise<RunOutcome> {
  const { format } = task.settings;
  const expected = frameSize(task.settings);
  const { name, inside, path } = image;
  const taken = await slot.workspace().take(name, path, MOST_IMAGE_BYTES);
  if (!taken.ok && taken.reason !== 'absent') return failure('bad-output', taken.message, '');
  const check = await finishImage(path, format, expected);
  // Blender's log often has the reason for an image that is not there.
  if (!check.ok) return outcomeOf({ kind: 'refused', ...check }, task, slot.logLines());
  if (format === 'OPEN_EXR') {
    const decoded = await slot.ask({ op: 'decode', path: inside }, ask);
    if (decoded.kind === 'refused') {
      const message = 'The OpenEXR image cannot be decoded.';
      return failure('bad-output', `${message} ${decoded.message}`, slot.logLines().join('\n'));
    }
    if (decoded.kind !== 'done') return outcomeOf(decoded, task, slot.logLines());
    const size = DecodeReply.parse(decoded.result);
    if (size.width !== expected.width || size.height !== expected.height) {
      return outcomeOf({ kind: 'refused', ...wrongSize(size, expected) }, task, slot.logLines());
    }
  }
  const result: FrameResult = { frame: task.frame, ...expected, renderMs };
  const files = [{ name: 'frame', path, mediaType: MEDIA_TYPES[format] }];
  return { ok: true, result, files, log: slot.logLines().join('\n') };
}
