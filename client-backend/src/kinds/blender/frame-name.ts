import { EXTENSIONS, RenderStageSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { type FramePicture, framePictures } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { safeName } from '../../text/safe-name.ts';

/** `name_0001.png`, with the sign before the digits: `name_-0005.png`. */
export function frameName(jobName: string, frame: number, extension: string): string {
  const digits = String(Math.abs(frame)).padStart(4, '0');
  return `${safeName(jobName)}_${frame < 0 ? '-' : ''}${digits}.${extension}`;
}

/** The same for one of several pictures of a frame: `name_0001_left.png`. */
export function pictureName(jobName: string, frame: number, { suffix, format }: FramePicture): string {
  const extension = EXTENSIONS[format];
  if (suffix === '') return frameName(jobName, frame, extension);
  const whole = frameName(jobName, frame, extension);
  return `${whole.slice(0, -extension.length - 1)}_${safeName(suffix.slice(1))}.${extension}`;
}

/** The pictures of each frame of a render stage, the frame itself first. */
export const picturesOf = (stageSpec: unknown): FramePicture[] =>
  framePictures(RenderStageSpec.parse(stageSpec).settings);
