import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { PictureSize } from '@parallel-pilot/images/picture.ts';
import { removeFolder } from '@parallel-pilot/sandbox/box/remove-folder.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { MEDIA_TYPES, RenderStageSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import {
  DISPLAY_FILE,
  type FramePicture,
  framePictures,
  mostSoundBytes,
  shownPicture,
} from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { Note } from '@parallel-pilot/shared/kinds/kind.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import { safeName } from '../../text/safe-name.ts';
import { SPARE_BYTES } from '../../uploads/no-room.ts';
import type { Assembly, MadeArtifact } from '../kind.ts';
import { checkFrames, type FrameCheck } from './check-frames.ts';
import { soundProblem } from './ffmpeg/sound.ts';
import { pictureName } from './frame-name.ts';
import { endOrphan, rememberPid } from './orphan.ts';
import {
  isUnusable,
  type RenderedFrame,
  renderedFrames,
  type Unusable,
  unusable,
} from './rendered-frames.ts';
import { makeVideo } from './video.ts';

/** Share of the progress bar that the check of the frames takes. */
const CHECK = 0.3;

/**
 * Checks that every frame is there exactly once, decodes, and is what the job
 * says; then makes the video. Everything happens in a folder of its own
 * that is emptied first, so a crash at any point costs only the time.
 */
export async function stitch(
  parts: Parts,
  job: JobId,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Assembly> {
  const folder = resolve(parts.config.dataFolder, 'stitch', job);
  try {
    await endOrphan(folder);
    await removeFolder(folder);
    await mkdir(folder, { recursive: true });
    return await assemble(parts, job, folder, onProgress, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isDiskFull(error)) return DISK_FULL;
    throw error;
  } finally {
    await removeFolder(folder);
  }
}

async function assemble(
  parts: Parts,
  job: JobId,
  folder: string,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Assembly> {
  const stage = await findStage(parts.db, job, 'render');
  const row = await findJob(parts.db, job);
  if (stage === undefined || row === undefined) throw new Error(`job ${job} has no frames to stitch`);
  const { settings } = RenderStageSpec.parse(JSON.parse(stage.spec_json));
  const pictures = framePictures(settings);
  const { frames, bad } = await collect(parts, stage, pictures);
  if (bad.length > 0) return { outcome: 'redo', chunks: bad };
  const share = settings.video === 'none' ? 1 : CHECK;
  const size = frameSize(settings);
  const confined = { sandbox: await parts.sandbox(), folder, signal };
  const check = { ...confined, blobs: parts.blobs, onChecked: (done: number) => onProgress(share * done) };
  const spoilt = [
    ...(await checkPictures(check, frames, pictures)),
    ...(await checkSound(confined, parts, frames, settings.fps)),
  ];
  if (spoilt.length > 0) return { outcome: 'redo', chunks: spoilt };

  const artifacts: MadeArtifact[] = stillOf(row.name, frames);
  if (settings.video === 'none') return { outcome: 'complete', artifacts, notes: [] };
  const onFrames = (count: number) =>
    onProgress(CHECK + ((1 - CHECK) * Math.min(count, frames.length)) / frames.length);
  const video = await videoOf(parts, { ...confined, frames, size, settings, onFrames });
  if ('outcome' in video) return video;
  const name = `${safeName(row.name)}.${settings.video}`;
  return { outcome: 'complete', artifacts: [{ ...video, name }, ...artifacts], notes: silence(frames) };
}

/** Each picture of each frame; a frame with several bad ones is named once. */
async function checkPictures(
  check: Omit<FrameCheck, 'frames' | 'expected'>,
  frames: readonly RenderedFrame[],
  pictures: readonly FramePicture[],
): Promise<Unusable[]> {
  const bad = new Map<Unusable['chunk'], Unusable>();
  const all = frames.length * pictures.length;
  let before = 0;
  for (const [format, same] of Map.groupBy(pictures, (picture) => picture.format)) {
    const files = new Set(same.map(({ file }) => file));
    const those = frames.flatMap(({ chunk, ordinal, frame, pictures: stored }) =>
      stored
        .filter(({ file }) => files.has(file))
        .map(({ hash, size }) => ({ chunk, ordinal, frame, hash, size })),
    );
    const [{ width, height } = { width: 0, height: 0 }] = same;
    const from = before;
    const onChecked = (count: number) => check.onChecked((from + count) / all);
    const expected = { format, width, height };
    for (const one of await checkFrames({ ...check, frames: those, expected, onChecked })) {
      if (!bad.has(one.chunk)) bad.set(one.chunk, one);
    }
    before += those.length;
  }
  return [...bad.values()];
}

/** The sound is made with the first frame, and made again with it. */
async function checkSound(
  confined: Pick<FrameCheck, 'sandbox' | 'folder' | 'signal'>,
  { blobs }: Parts,
  frames: readonly RenderedFrame[],
  fps: number,
): Promise<Unusable[]> {
  const owner = frames.find(({ sound }) => sound !== null);
  if (owner === undefined || owner.sound === null) return [];
  const { hash, size } = owner.sound;
  if (size > mostSoundBytes(frames.length, fps)) {
    return [unusable(owner.chunk, 'The sound has more bytes than that of its frames could take.')];
  }
  const path = blobs.localPath(hash);
  if ((await blobs.size(hash)) !== size || (await hashOf(path)) !== hash) {
    await blobs.delete(hash);
    return [unusable(owner.chunk, 'The stored sound is damaged.')];
  }
  const wrong = await soundProblem(confined, path);
  return wrong === null ? [] : [unusable(owner.chunk, `The sound does not decode (${wrong}).`)];
}

const silence = (frames: readonly RenderedFrame[]): Note[] =>
  frames
    .flatMap(({ soundless }) => soundless ?? [])
    .map((why) => ({
      level: 'warning',
      code: 'no-sound',
      message: `The video has no sound, as Blender could not mix it: ${why}`,
    }));

/** All frames by ordinal. Each expected one is there exactly once: the chunks are counted and their frames distinct. */
async function collect(
  parts: Parts,
  stage: StageRow,
  pictures: readonly FramePicture[],
): Promise<{ frames: RenderedFrame[]; bad: Unusable[] }> {
  const frames: RenderedFrame[] = [];
  const bad: Unusable[] = [];
  for await (const one of renderedFrames(parts.db, stage, pictures)) {
    if (isUnusable(one)) bad.push(one);
    else frames.push(one);
  }
  const found = frames.length + bad.length;
  if (found !== stage.chunk_count) throw new Error(`${found} of ${stage.chunk_count} frames are done`);
  if (new Set(frames.map((one) => one.frame)).size !== frames.length) {
    throw new Error('a frame is there more than once');
  }
  return { frames, bad };
}

/** The one frame of a job for a still image is a result by itself, in all its views. */
function stillOf(jobName: string, frames: RenderedFrame[]): MadeArtifact[] {
  const [only, ...others] = frames;
  if (only === undefined || others.length > 0) return [];
  return only.pictures
    .filter(({ file }) => file !== DISPLAY_FILE)
    .map((picture) => ({
      hash: picture.hash,
      size: picture.size,
      name: pictureName(jobName, only.frame, picture),
      mediaType: MEDIA_TYPES[picture.format],
    }));
}

type Task = {
  sandbox: Sandbox;
  folder: string;
  frames: RenderedFrame[];
  size: PictureSize;
  settings: RenderSettings;
  signal: AbortSignal;
  onFrames: (count: number) => void;
};
type Made = Omit<MadeArtifact, 'name'> | Exclude<Assembly, { outcome: 'complete' }>;

async function videoOf({ blobs }: Parts, task: Task): Promise<Made> {
  const { frames, folder, signal } = task;
  const { video, ...look } = task.settings;
  const { file, format } = shownPicture(task.settings);
  if (format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER') throw new Error(`${format} is not shown`);
  const sound = frames.find((frame) => frame.sound !== null)?.sound ?? null;
  if (video === 'none') throw new Error('no video was asked for');
  const mostBytes = (await blobs.freeBytes()) - SPARE_BYTES;
  if (mostBytes <= 0) return DISK_FULL;
  const made = await makeVideo({
    ...task,
    frames: frames.flatMap(({ pictures }) =>
      pictures.filter((one) => one.file === file).map(({ hash }) => ({ hash, path: blobs.localPath(hash) })),
    ),
    sound: sound === null ? null : blobs.localPath(sound.hash),
    settings: { ...look, format, video },
    mostBytes,
    onPid: (pid) => rememberPid(folder, pid),
  });
  if (!made.ok) return made.cause === 'failed' ? failed(made.message) : waitFor(made.cause, made.message);
  const blob = { hash: await hashOf(made.file), size: (await stat(made.file)).size };
  signal.throwIfAborted();
  await sync(made.file);
  await blobs.adopt(made.file, blob);
  return { ...blob, mediaType: made.mediaType };
}

const failed = (message: string): Made => ({
  outcome: 'fail',
  code: 'video-failed',
  message: `${message}\nThe frames are safe and can be downloaded.`,
});

const waitFor = (code: string, message: string): Extract<Assembly, { outcome: 'wait' }> => ({
  outcome: 'wait',
  code,
  message: `${message} The frames are safe; the job goes on by itself when this is put right.`,
});

const DISK_FULL = waitFor('disk-full', 'The disk of the farm is full, so the video could not be written.');

const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

async function hashOf(file: string): Promise<BlobHash> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex') as BlobHash;
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.datasync().finally(() => handle.close());
}
