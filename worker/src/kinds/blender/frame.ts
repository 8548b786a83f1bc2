import { join } from 'node:path';
import type { Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import { mostBytes, type PictureSize } from '@parallel-pilot/images/picture.ts';
import { EXTENSIONS, type FrameResult, MEDIA_TYPES } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import {
  DISPLAY_FILE,
  FRAME_FILE,
  type FramePicture,
  framePictures,
  isSceneLinear,
  mostSoundBytes,
  SOUND_FILE,
} from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import { parseFrames } from '@parallel-pilot/shared/kinds/blender/frames.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { OutputFile, RunOutcome } from '../kind.ts';
import { type Cards, numbersOf } from '../visible-cards.ts';
import { finishImage, type ImageCheck, NO_OUTPUT, wrongSize } from './image.ts';
import type { Numbers } from './messages.ts';
import { failure, outcomeOf } from './outcome.ts';
import type { Answer, AskOptions } from './session.ts';
import type { Slot } from './slot.ts';
import type { RenderTask } from './task.ts';

export type FrameWork = {
  slot: Slot;
  /** Of the pictures that Blender does not decode itself. */
  decoder: Decoder;
  task: RenderTask;
  /** Where the agent wants the files. */
  outputs: string;
  ask: AskOptions;
  cards: Cards | undefined;
  /** Settles when the frames before this one are looked at. */
  before: Promise<unknown>;
  /** Blender may render the next frame. */
  free(): Promise<void>;
};

function numbersFor(cards: Cards | undefined): Numbers | null {
  if (cards === undefined) return null;
  const of = (platform: string) => numbersOf(cards.given, platform);
  return { cuda: of('cuda'), hip: of('hip'), oneapi: of('oneapi'), metal: of('metal') };
}

type Failed = RunOutcome & { ok: false };

/**
 * Renders a frame in the open Blender, and looks at every file that it should have made: while the next one is
 * rendered, unless Blender has to look as well. Never more than one frame is behind, so that no more than one's
 * bytes are held.
 */
export async function renderFrame(work: FrameWork): Promise<{ answer: Answer; outcome: RunOutcome }> {
  const { slot, task, ask, outputs } = work;
  const { frame, settings } = task;
  const workspace = slot.workspace();
  const pictures = framePictures(settings).map((picture) => ({
    ...picture,
    name: nameOf(picture, settings),
  }));
  // What an earlier frame or a script left here must never pass for this one's image.
  for (const { name } of pictures) await workspace.discard(name);
  const inside = (name: string) => join(workspace.inside.work, name);
  const output = inside(`${FRAME_FILE}.${EXTENSIONS[settings.format]}`);
  const shown = pictures.find(({ file }) => file === DISPLAY_FILE);
  const display = shown === undefined ? null : inside(shown.name);
  const cards = numbersFor(work.cards);
  const answer = await slot.ask({ op: 'render', frame, output, display, settings, cards }, ask);
  if (answer.kind !== 'done') return { answer, outcome: outcomeOf(answer, task, slot.logLines()) };
  slot.rendered(answer.rss);
  ask.onProgress?.({ fraction: 1, detail: 'Checking the image' });
  const taken: Taken[] = [];
  for (const picture of pictures) {
    const path = join(outputs, picture.name);
    const loaded = await workspace.load(picture.name, path, mostBytes(picture));
    if (!loaded.ok && loaded.reason !== 'absent')
      return { answer, outcome: failure('bad-output', loaded.message, '') };
    taken.push({ ...picture, path, held: loaded.ok ? loaded.held : 'absent' });
  }
  await settledUnless(ask.signal, work.before);
  const needsBlender = task.sound || settings.format === 'OPEN_EXR';
  const log = needsBlender ? slot.logLines : always(slot.logLines());
  if (!needsBlender) await work.free();
  const files: OutputFile[] = [];
  for (const picture of taken) {
    const checked = await check(work, picture, log);
    if ('ok' in checked) return { answer, outcome: checked };
    files.push(checked);
  }
  const mixed = task.sound ? await mix(work) : null;
  if (mixed !== null && 'ok' in mixed) return { answer, outcome: mixed };
  if (mixed?.file !== undefined) files.push(mixed.file);
  const result: FrameResult = {
    frame,
    ...frameSize(settings),
    renderMs: answer.result.renderMs,
    ...(mixed?.soundless === undefined ? {} : { soundless: mixed.soundless }),
  };
  return { answer, outcome: { ok: true, result, files, log: log().join('\n') } };
}

/** `held` is the file, or null where it was large and lies at its path. */
type Taken = FramePicture & { name: string; path: string; held: Buffer | null | 'absent' };

const always =
  <T>(value: T) =>
  (): T =>
    value;

async function settledUnless(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  if (signal.aborted) return;
  signal.addEventListener('abort', resolve, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', resolve);
}

/** As the bridge has Blender name them. */
function nameOf({ file, format }: FramePicture, { views }: RenderSettings): string {
  const extension = EXTENSIONS[format];
  if (file === DISPLAY_FILE || views.length === 0) return `${file}.${extension}`;
  const view = file === FRAME_FILE ? 0 : Number(file.slice('view-'.length));
  return `${FRAME_FILE}_${view}.${extension}`;
}

async function check(
  { slot, decoder, task, ask }: FrameWork,
  { name, file, path, held, ...expected }: Taken,
  log: () => readonly string[],
): Promise<OutputFile | Failed> {
  const verdict =
    held === 'absent'
      ? NO_OUTPUT
      : await finish({ path, held }, expected, isSceneLinear(expected.format) ? null : decoder, ask);
  if (verdict === 'canceled') return outcomeOf({ kind: 'canceled' }, task, log());
  // Blender's log often has the reason for an image that is not there.
  if (!verdict.ok) return outcomeOf({ kind: 'refused', ...verdict }, task, log());
  // Blender decodes no layers by itself. Their structure was looked at, and the farm decodes what it can.
  const wrong =
    expected.format === 'OPEN_EXR' ? await decodeInBlender({ slot, task, ask }, name, expected) : null;
  const { bytes } = verdict;
  return (
    wrong ?? {
      name: file,
      path,
      mediaType: MEDIA_TYPES[expected.format],
      ...(bytes === undefined ? {} : { bytes }),
    }
  );
}

async function finish(
  image: Parameters<typeof finishImage>[0],
  expected: Parameters<typeof finishImage>[1],
  decoder: Decoder | null,
  { signal }: AskOptions,
): Promise<ImageCheck | 'canceled'> {
  try {
    return await finishImage(image, expected, decoder, signal);
  } catch (error) {
    if (signal.aborted) return 'canceled';
    throw error;
  }
}

async function decodeInBlender(
  { slot, task, ask }: Pick<FrameWork, 'slot' | 'task' | 'ask'>,
  name: string,
  expected: PictureSize,
): Promise<Failed | null> {
  const path = join(slot.workspace().inside.work, name);
  const decoded = await slot.ask({ op: 'decode', path }, ask);
  if (decoded.kind === 'refused') {
    const message = 'The OpenEXR image cannot be decoded.';
    return failure('bad-output', `${message} ${decoded.message}`, slot.logLines().join('\n'));
  }
  if (decoded.kind !== 'done') return outcomeOf(decoded, task, slot.logLines());
  const size = decoded.result;
  if (size.width === expected.width && size.height === expected.height) return null;
  return outcomeOf({ kind: 'refused', ...wrongSize(size, expected) }, task, slot.logLines());
}

/** The sound of all frames; a Blender that cannot mix it says why, and the frame stands. */
async function mix({
  slot,
  task,
  outputs,
  ask,
}: FrameWork): Promise<{ file?: OutputFile; soundless?: string } | Failed> {
  const { scene, frames, fps } = task.settings;
  const parsed = parseFrames(frames);
  const [first, last] = parsed.ok ? [parsed.frames[0], parsed.frames.at(-1)] : [];
  if (first === undefined || last === undefined) return { soundless: 'The frames are not known.' };
  const name = `${SOUND_FILE}.flac`;
  const workspace = slot.workspace();
  await workspace.discard(name);
  const answer = await slot.ask(
    { op: 'mix', scene, first, last, output: join(workspace.inside.work, name) },
    ask,
  );
  if (answer.kind === 'refused') return { soundless: answer.message.slice(0, 500) };
  if (answer.kind !== 'done') return outcomeOf(answer, task, slot.logLines());
  const path = join(outputs, name);
  const taken = await workspace.take(name, path, mostSoundBytes(last - first + 1, fps));
  return taken.ok
    ? { file: { name: SOUND_FILE, path, mediaType: 'audio/flac' } }
    : { soundless: taken.message };
}
