import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderSettings, VideoFormat } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import ffmpeg from 'fluent-ffmpeg';
import type { ImageSize } from './check-frames.ts';
import { videoFilters } from './video-filters.ts';

export type VideoTask = {
  /** Holds the frames as `img_%06d.<extension>` from 1, in the order of the video. */
  folder: string;
  extension: string;
  count: number;
  size: ImageSize;
  settings: Pick<RenderSettings, 'fps' | 'format' | 'transparent'> & { video: Exclude<VideoFormat, 'none'> };
};

/** `diskFull` and `missing` may pass by themselves; the other is told with ffmpeg's last words. */
export type VideoMade =
  | { ok: true; file: string; mediaType: string }
  | { ok: false; cause: 'disk-full' | 'ffmpeg-missing' | 'failed'; message: string };

const MEDIA = { mp4: 'video/mp4', webm: 'video/webm', mov: 'video/quicktime' } as const;

/** Makes the video in the task's folder and looks at it with ffprobe before it is called made. */
export async function makeVideo(
  task: VideoTask,
  onFrames: (count: number) => void,
  onPid: (pid: number) => void,
  signal: AbortSignal,
): Promise<VideoMade> {
  const file = join(task.folder, `video.${task.settings.video}`);
  try {
    await encode(task, file, onFrames, onPid, signal);
    const wrong = await verify(task, file);
    if (wrong !== null) return { ok: false, cause: 'failed', message: wrong };
    return { ok: true, file, mediaType: MEDIA[task.settings.video] };
  } catch (error) {
    signal.throwIfAborted();
    await rm(file, { force: true });
    return { ok: false, ...explain(error) };
  }
}

function encode(
  task: VideoTask,
  file: string,
  onFrames: (count: number) => void,
  onPid: (pid: number) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const command = ffmpeg({ stdoutLines: 40 })
      .input(join(task.folder, `img_%06d.${task.extension}`))
      .inputFormat('image2')
      .inputOptions(['-framerate', String(task.settings.fps), '-start_number', '1'])
      .videoFilters(videoFilters(task))
      .outputOptions([
        '-an',
        '-y',
        '-nostats',
        '-stats_period',
        '0.25',
        ...encoderOptions(task),
        ...COLOR_TAGS,
      ])
      .output(file);
    const stop = () => command.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    const over = () => signal.removeEventListener('abort', stop);
    command.on('start', () => {
      const { ffmpegProc } = command as unknown as { ffmpegProc?: { pid?: number } };
      if (ffmpegProc?.pid !== undefined) onPid(ffmpegProc.pid);
      // Aborted while ffmpeg was being looked for: there was nothing to kill yet.
      if (signal.aborted) stop();
    });
    command.on('progress', ({ frames }) => onFrames(frames));
    command.on('error', (error, _stdout, stderr) => {
      over();
      reject(new EncodingError(error.message, typeof stderr === 'string' ? stderr : ''));
    });
    command.on('end', () => {
      over();
      resolve();
    });
    command.run();
  });
}

/** Says what the numbers in the file mean; without it players guess by the size of the picture. */
const COLOR_TAGS = [
  ...['-color_primaries', 'bt709'],
  ...['-color_trc', 'bt709'],
  ...['-colorspace', 'bt709'],
  ...['-color_range', 'tv'],
];

function encoderOptions({ settings }: VideoTask): string[] {
  switch (settings.video) {
    case 'mp4':
      return ['-c:v', 'libx264', '-preset', 'medium', '-crf', '18', '-movflags', '+faststart'];
    case 'webm':
      return ['-c:v', 'libvpx-vp9', '-crf', '28', '-b:v', '0', '-row-mt', '1', '-cpu-used', '3'];
    case 'mov':
      return settings.transparent
        ? ['-c:v', 'prores_ks', '-profile:v', '4444', '-alpha_bits', '16', '-vendor', 'apl0']
        : ['-c:v', 'prores_ks', '-profile:v', 'hq', '-vendor', 'apl0'];
    default:
      return settings.video satisfies never;
  }
}

/** What is wrong with the finished video, null when every frame is in it. */
async function verify(task: VideoTask, file: string): Promise<string | null> {
  const probed = await new Promise<ffmpeg.FfprobeData>((resolve, reject) =>
    ffmpeg.ffprobe(file, ['-count_packets'], (error, data) => (error ? reject(error) : resolve(data))),
  );
  const stream = probed.streams.find((one) => one.codec_type === 'video');
  const frames = Number(stream?.nb_read_packets);
  if (frames !== task.count) return `The video came out with ${frames} of ${task.count} frames.`;
  const wanted = evenSize(task.size);
  if (stream?.width !== wanted.width || stream.height !== wanted.height) {
    return `The video came out with ${stream?.width} x ${stream?.height} pixels instead of ${wanted.width} x ${wanted.height}.`;
  }
  const seconds = task.count / task.settings.fps;
  const lasts = Number(probed.format.duration);
  // Containers round times; more than two frames and a hundredth off is a wrong rate.
  const allowed = 2 / task.settings.fps + 0.05 + seconds * 0.001;
  if (Math.abs(lasts - seconds) <= allowed) return null;
  return `The video lasts ${lasts.toFixed(2)} s instead of ${seconds.toFixed(2)} s.`;
}

/** Video is stored in blocks of 2 x 2 pixels: an odd side grows by one. */
export const evenSize = ({ width, height }: ImageSize): ImageSize => ({
  width: width + (width % 2),
  height: height + (height % 2),
});

class EncodingError extends Error {
  readonly stderr: string;
  constructor(message: string, stderr: string) {
    super(message);
    this.stderr = stderr;
  }
}

function explain(error: unknown): Omit<Extract<VideoMade, { ok: false }>, 'ok'> {
  const text = error instanceof EncodingError ? `${error.message}\n${error.stderr}` : String(error);
  if (/No space left on device|ENOSPC|Disk quota/i.test(text)) {
    return {
      cause: 'disk-full',
      message: 'The disk of the farm is full, so the video could not be written.',
    };
  }
  if (/Cannot find ff(mpeg|probe)|ENOENT/.test(text)) {
    return { cause: 'ffmpeg-missing', message: 'ffmpeg is not installed on the machine of the farm.' };
  }
  const words = text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('frame='))
    .slice(-5)
    .join('\n');
  return { cause: 'failed', message: `ffmpeg could not make the video. Its last words:\n${words}` };
}
