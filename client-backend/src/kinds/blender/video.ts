import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecodedFormat } from '@parallel-pilot/images/decode/decoder-child.ts';
import type { PictureSize } from '@parallel-pilot/images/picture.ts';
import { createWorkspace } from '@parallel-pilot/sandbox/box/workspace.ts';
import type { Sandbox, Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import { EXTENSIONS } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { rateText } from '@parallel-pilot/shared/kinds/blender/rate.ts';
import type { RenderSettings, VideoFormat } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { z } from 'zod';
import { type FfmpegEnd, frameLimits, readingFrames, readingSound, runFfmpeg } from './ffmpeg/run-ffmpeg.ts';
import { keepsAlpha, videoFilters } from './video-filters.ts';

export type VideoTask = {
  /** In the order of the video: the files and what tells equal ones apart from others. */
  frames: readonly { hash: string; path: string }[];
  /** What every frame was found to be. */
  size: PictureSize;
  settings: Pick<RenderSettings, 'fps' | 'transparent' | 'pixelAspect'> & {
    format: DecodedFormat;
    video: Exclude<VideoFormat, 'none'>;
  };
  /** A FLAC that begins with the first frame; null for a silent video. */
  sound: string | null;
  sandbox: Sandbox;
  /** Where the workspace is made and the video put. */
  folder: string;
  /** Bytes that the video may have. */
  mostBytes: number;
  signal: AbortSignal;
  onFrames(count: number): void;
  onPid(pid: number): void;
};

/** `diskFull` and `missing` may pass by themselves; the other is told with ffmpeg's last words. */
export type VideoMade =
  | { ok: true; file: string; mediaType: string }
  | { ok: false; cause: 'disk-full' | 'ffmpeg-missing' | 'failed'; message: string };

const MEDIA = { mp4: 'video/mp4', webm: 'video/webm', mov: 'video/quicktime' } as const;
const DEMUXERS = { mp4: 'mov', webm: 'matroska', mov: 'mov' } as const;
const DECODERS: Record<DecodedFormat, string> = { PNG: 'png', JPEG: 'mjpeg', TIFF: 'tiff' };
const SOUND = 'sound.flac';

/** Makes the video and looks at it with ffprobe before it is called made, both in the sandbox. */
export async function makeVideo(task: VideoTask): Promise<VideoMade> {
  const name = `video.${task.settings.video}`;
  const workspace = createWorkspace(task.sandbox, task.folder);
  try {
    await giveFrames(task, workspace);
    if (task.sound !== null) await workspace.give(task.sound, SOUND);
    const encoded = await encode(task, workspace, name);
    if (!encoded.ok) return explain(encoded);
    const wrong = await verify(task, workspace, name);
    if (wrong !== null) return { ok: false, cause: 'failed', message: wrong };
    const file = join(task.folder, name);
    const moved = await workspace.move(name, file);
    if (!moved.ok) return { ok: false, cause: 'failed', message: moved.message };
    return { ok: true, file, mediaType: MEDIA[task.settings.video] };
  } finally {
    await workspace.remove();
  }
}

/** Frames that are given to the child at the same time. */
const AT_ONCE = 64;

/**
 * Every file once, and a link to it in every place where the video shows it: a
 * file can have 65,000 names on some disks, and a film more black frames.
 */
async function giveFrames({ frames, settings, signal }: VideoTask, workspace: Workspace): Promise<void> {
  const extension = EXTENSIONS[settings.format];
  const given = new Set<string>();
  for (let from = 0; from < frames.length; from += AT_ONCE) {
    signal.throwIfAborted();
    await Promise.all(
      frames.slice(from, from + AT_ONCE).map(async ({ hash, path }, index) => {
        const name = `img_${String(from + index + 1).padStart(6, '0')}.${extension}`;
        const isNew = !given.has(hash);
        given.add(hash);
        await symlink(hash, join(workspace.folders.in, name));
        if (isNew) await workspace.give(path, hash);
      }),
    );
  }
}

/** ffmpeg writes out the index of a large file at its end, and reports nothing meanwhile. */
const STALLED_MS = 600_000;

async function encode(task: VideoTask, workspace: Workspace, name: string): Promise<FfmpegEnd> {
  const { settings, frames, signal } = task;
  const stalled = new AbortController();
  const patience = setTimeout(() => stalled.abort(), STALLED_MS);
  let count = 0;
  const onLine = (line: string): void => {
    const frame = Number(/^frame=(\d{1,9})$/.exec(line)?.[1] ?? 0);
    if (frame <= count) return;
    count = Math.min(frame, frames.length);
    patience.refresh();
    task.onFrames(count);
  };
  // A percent sign in a folder's name is none of the pattern's.
  const pattern = join(workspace.inside.in.replaceAll('%', '%%'), `img_%06d.${EXTENSIONS[settings.format]}`);
  try {
    return await runFfmpeg({
      program: 'ffmpeg',
      args: [
        ...readingFrames('image2', task.size),
        ...['-c:v', DECODERS[settings.format], '-framerate', rateText(settings.fps), '-start_number', '1'],
        ...['-i', pattern, ...soundInput(task), '-vf', videoFilters(task).join(',')],
        ...soundOptions(task),
        ...['-y', '-nostats', '-progress', 'pipe:1', '-stats_period', '0.25'],
        ...encoderOptions(task),
        ...COLOR_TAGS,
        name,
      ],
      sandbox: task.sandbox,
      workspace,
      limits: limitsOf(task),
      signal: AbortSignal.any([signal, stalled.signal]),
      onLine,
      onPid: task.onPid,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!stalled.signal.aborted) throw error;
    return { ok: false, cause: 'failed', message: `It made no frame for ${STALLED_MS / 60_000} minutes.` };
  } finally {
    clearTimeout(patience);
  }
}

const soundInput = ({ sound }: VideoTask): string[] => (sound === null ? [] : readingSound(`../in/${SOUND}`));

/** As long as the pictures, whatever the length of the sound. */
function soundOptions({ sound, frames, settings }: VideoTask): string[] {
  if (sound === null) return ['-an'];
  const encoder = {
    mp4: ['-c:a', 'aac', '-b:a', '192k'],
    webm: ['-c:a', 'libopus', '-ac', '2', '-b:a', '160k'],
    mov: ['-c:a', 'pcm_s16le'],
  }[settings.video];
  const seconds = (frames.length / settings.fps).toFixed(6);
  return [...['-map', '0:v', '-map', '1:a', '-af', `apad,atrim=end=${seconds}`], ...encoder];
}

/** Encoders look ahead by dozens of frames. */
const limitsOf = ({ size, frames, mostBytes }: VideoTask) =>
  frameLimits(size, {
    frames: 32,
    diskBytes: mostBytes,
    wallMs: STALLED_MS + frames.length * (1_000 + (size.width * size.height) / 500),
  });

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
      // Frames that are never shown would have no alpha.
      return [
        ...['-c:v', 'libvpx-vp9', '-crf', '28', '-b:v', '0', '-row-mt', '1', '-cpu-used', '3'],
        ...(keepsAlpha(settings) ? ['-auto-alt-ref', '0'] : []),
      ];
    case 'mov':
      return keepsAlpha(settings)
        ? ['-c:v', 'prores_ks', '-profile:v', '4444', '-alpha_bits', '16', '-vendor', 'apl0']
        : ['-c:v', 'prores_ks', '-profile:v', 'hq', '-vendor', 'apl0'];
    default:
      return settings.video satisfies never;
  }
}

const Probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string(),
      width: z.int().optional(),
      height: z.int().optional(),
      nb_read_packets: z.coerce.number().optional(),
    }),
  ),
  format: z.object({ duration: z.coerce.number() }),
});

/** What is wrong with the finished video, null when every frame is in it. */
async function verify(task: VideoTask, workspace: Workspace, name: string): Promise<string | null> {
  const end = await runFfmpeg({
    program: 'ffprobe',
    args: [
      ...['-v', 'error', '-protocol_whitelist', 'file', '-f', DEMUXERS[task.settings.video]],
      ...['-count_packets', '-show_streams', '-show_format', '-of', 'json', name],
    ],
    sandbox: task.sandbox,
    workspace,
    limits: limitsOf(task),
    signal: task.signal,
  });
  const probed = Probed.safeParse(end.ok ? parseJson(end.stdout) : null);
  if (!probed.success) return `The video cannot be read. ${end.ok ? '' : end.message}`;
  const stream = probed.data.streams.find((one) => one.codec_type === 'video');
  const [frames, count] = [stream?.nb_read_packets, task.frames.length];
  if (frames !== count) return `The video came out with ${frames} of ${count} frames.`;
  if (task.sound !== null && !probed.data.streams.some((one) => one.codec_type === 'audio')) {
    return 'The video came out without its sound.';
  }
  const wanted = evenSize(task.size);
  if (stream?.width !== wanted.width || stream.height !== wanted.height) {
    return `The video came out with ${stream?.width} x ${stream?.height} pixels instead of ${wanted.width} x ${wanted.height}.`;
  }
  const seconds = count / task.settings.fps;
  const lasts = probed.data.format.duration;
  // Containers round times; more than two frames and a hundredth off is a wrong rate.
  const allowed = 2 / task.settings.fps + 0.05 + seconds * 0.001;
  if (Math.abs(lasts - seconds) <= allowed) return null;
  return `The video lasts ${lasts.toFixed(2)} s instead of ${seconds.toFixed(2)} s.`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Video is stored in blocks of 2 x 2 pixels: an odd side grows by one. */
export const evenSize = ({ width, height }: PictureSize): PictureSize => ({
  width: width + (width % 2),
  height: height + (height % 2),
});

function explain({ cause, message }: Extract<FfmpegEnd, { ok: false }>): VideoMade {
  if (/No space left on device|ENOSPC|Disk quota|File too large|SIGXFSZ|to the disk\.$/i.test(message)) {
    return {
      ok: false,
      cause: 'disk-full',
      message: 'The disk of the farm is full, so the video could not be written.',
    };
  }
  if (cause === 'missing') {
    return {
      ok: false,
      cause: 'ffmpeg-missing',
      message: 'ffmpeg is not installed on the machine of the farm.',
    };
  }
  const words = message.trim().split('\n').slice(-5).join('\n');
  return {
    ok: false,
    cause: 'failed',
    message: `ffmpeg could not make the video. Its last words:\n${words}`,
  };
}
