import { join, resolve } from 'node:path';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { EXTENSIONS } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { DISPLAY_FILE, FRAME_FILE, framePictures } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../../api/client.ts';
import { eachOf } from '../../api/each-of.ts';
import { patiently } from '../../api/patience.ts';
import { saveFile } from '../../api/save.ts';
import type { RunEvent } from '../../report/events.ts';
import { fileNameOf } from '../../text/file-name.ts';

export type Saved = {
  video: string | null;
  /** Where the frames are; null when there is none. */
  folder: string | null;
  frames: number;
  /** What was asked for and is not there, as a sentence; null when all is. */
  missing: string | null;
};

const AT_ONCE = 6;

/** Fetches video and frames of a job into `<out>/<name>.mp4` and `<out>/<name>/<name>_0001.png`. */
export async function saveResults(
  api: Api,
  job: JobDetail,
  out: string,
  report: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<Saved> {
  const settings = job.view.kind === 'blender' ? RenderSettings.safeParse(job.view.settings).data : undefined;
  const name = fileNameOf(job.name.replace(/\.(blend|zip)$/i, ''), 'render');
  const wanted = await listFrames(api, job.id);
  const video = await findVideo(api, job.id);
  const folder = resolve(out, name);
  const pictures =
    settings === undefined ? [] : framePictures(settings).filter(({ file }) => file !== DISPLAY_FILE);
  const files = wanted.done.flatMap((frame) => pictures.map((picture) => ({ frame, ...picture })));
  const total = files.length + (video === null ? 0 : 1);
  let saved = 0;
  const step = () => report({ event: 'save.progress', saved: saved++, total });
  step();
  await eachOf(files, AT_ONCE, async ({ frame, file, suffix, format }) => {
    const part = file === FRAME_FILE ? '' : `?file=${file}`;
    const path = join(folder, frameFile(name, frame, EXTENSIONS[format], suffix.replaceAll(UNUSUAL, '_')));
    await saveFile(api, `/api/v1/jobs/${job.id}/frames/${frame}${part}`, path, signal);
    step();
  });
  const count = wanted.done.length;
  if (count > 0) report({ event: 'frames.saved', folder, count });
  const path = video === null ? null : resolve(out, `${name}${video.extension}`);
  if (video !== null && path !== null) {
    report({ event: 'video.saved', path, size: await saveFile(api, video.url, path, signal) });
  }
  const noVideo = video === null && settings !== undefined && settings.video !== 'none';
  const missing = missingSentence(wanted.total - count, wanted.total, noVideo);
  return { video: path, folder: count > 0 ? folder : null, frames: count, missing };
}

/** What the name of a view may have and that of a file may not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
const UNUSUAL = /[\u0000-\u001f\u007f<>:"/\\|?*]/g;

/** As in the site's archive of all frames: `name_0001.png`, `name_0001_left.png`, the sign before the digits. */
export const frameFile = (name: string, frame: number, extension: string, suffix = ''): string =>
  `${name}_${frame < 0 ? '-' : ''}${String(Math.abs(frame)).padStart(4, '0')}${suffix}.${extension}`;

async function listFrames(api: Api, id: JobId): Promise<{ done: number[]; total: number }> {
  const { numbers, states } = await patiently(() => api.states(id));
  if (numbers === null) return { done: [], total: 0 };
  return { done: numbers.filter((_, ordinal) => states[ordinal] === 'd'), total: numbers.length };
}

async function findVideo(api: Api, id: JobId): Promise<{ url: string; extension: string } | null> {
  const { artifacts } = await patiently(() => api.artifacts(id));
  const video = artifacts.find((artifact) => artifact.mediaType.startsWith('video/'));
  if (video === undefined) return null;
  return { url: video.url, extension: /\.[a-z0-9]+$/i.exec(video.name)?.[0] ?? '.mp4' };
}

function missingSentence(frames: number, total: number, video: boolean): string | null {
  if (total === 0) return 'No frame was rendered.';
  if (frames > 0) return `${frames} of ${total} frames are missing${video ? ', and so is the video' : ''}.`;
  return video ? 'The frames are there, but the video is not.' : null;
}
