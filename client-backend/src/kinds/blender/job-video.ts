import { open, stat } from 'node:fs/promises';
import type { PictureSize } from '@parallel-pilot/images/picture.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import { shownPicture } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import type { RenderSettings } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { Parts } from '../../parts.ts';
import { SPARE_BYTES } from '../../uploads/no-room.ts';
import type { Assembly, MadeArtifact } from '../kind.ts';
import { hashOf } from './check-frames.ts';
import { rememberPid } from './orphan.ts';
import type { RenderedFrame } from './rendered-frames.ts';
import { makeVideo } from './video.ts';

type Task = {
  sandbox: Sandbox;
  folder: string;
  frames: RenderedFrame[];
  size: PictureSize;
  settings: RenderSettings;
  signal: AbortSignal;
  onFrames: (count: number) => void;
};
type Unmade = Exclude<Assembly, { outcome: 'complete' }>;
type Made = { file: string; mediaType: string };

/** The video of all frames, in the task's folder; or what stops it. */
export async function videoOf({ blobs }: Parts, task: Task): Promise<Made | Unmade> {
  const { frames, folder } = task;
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
  if (made.ok) return made;
  return made.cause === 'failed' ? failed(made.message) : waitFor(made.cause, made.message);
}

/** Puts the video among the farm's files. */
export async function keepVideo(
  { blobs }: Parts,
  { file, mediaType }: Made,
  signal: AbortSignal,
): Promise<Omit<MadeArtifact, 'name'>> {
  const blob = { hash: await hashOf(file), size: (await stat(file)).size };
  signal.throwIfAborted();
  await sync(file);
  await blobs.adopt(file, blob);
  return { ...blob, mediaType };
}

const failed = (message: string): Unmade => ({
  outcome: 'fail',
  code: 'video-failed',
  message: `${message}\nThe frames are safe and can be downloaded.`,
});

const waitFor = (code: string, message: string): Extract<Assembly, { outcome: 'wait' }> => ({
  outcome: 'wait',
  code,
  message: `${message} The frames are safe; the job goes on by itself when this is put right.`,
});

export const DISK_FULL = waitFor(
  'disk-full',
  'The disk of the farm is full, so the video could not be written.',
);

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.datasync().finally(() => handle.close());
}
