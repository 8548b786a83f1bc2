import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { removeFolder } from '@parallel-pilot/sandbox/box/remove-folder.ts';
import { MEDIA_TYPES, RenderStageSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import {
  DISPLAY_FILE,
  type FramePicture,
  framePictures,
} from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { frameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import type { Note } from '@parallel-pilot/shared/kinds/kind.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import { safeName } from '../../text/safe-name.ts';
import type { Assembly, MadeArtifact } from '../kind.ts';
import { besideCheck, progressOfBoth } from './beside-check.ts';
import { checkPictures, checkSound } from './check-results.ts';
import { pictureName } from './frame-name.ts';
import { DISK_FULL, keepVideo, videoOf } from './job-video.ts';
import { endOrphan } from './orphan.ts';
import { isUnusable, type RenderedFrame, renderedFrames, type Unusable } from './rendered-frames.ts';

/** Share of the progress bar that the check of the frames takes. */
const CHECK = 0.3;

/**
 * Checks that every frame is there exactly once, decodes, and is what the job
 * says, and makes the video meanwhile. Everything happens in a folder of its own
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
  const confined = { sandbox: await parts.sandbox(), folder, signal };
  const progress = progressOfBoth(settings.video === 'none' ? 1 : CHECK, onProgress);
  const size = frameSize(settings);
  const video = await besideCheck(
    async () => {
      const onChecked = (done: number) => progress.checked(done);
      const check = { ...confined, blobs: parts.blobs, onChecked };
      return [
        ...(await checkPictures(check, frames, pictures)),
        ...(await checkSound(confined, parts, frames, settings.fps)),
      ];
    },
    async (stop) => {
      if (settings.video === 'none') return null;
      const onFrames = (count: number) => progress.made(Math.min(count, frames.length) / frames.length);
      const task = { ...confined, frames, size, settings, onFrames };
      return videoOf(parts, { ...task, signal: AbortSignal.any([signal, stop]) });
    },
  );
  if (video !== null && 'outcome' in video) return video;
  const still = stillOf(row.name, frames);
  if (video === null) return { outcome: 'complete', artifacts: still, notes: [] };
  const name = `${safeName(row.name)}.${settings.video}`;
  const artifacts = [{ ...(await keepVideo(parts, video, signal)), name }, ...still];
  return { outcome: 'complete', artifacts, notes: silence(frames) };
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
