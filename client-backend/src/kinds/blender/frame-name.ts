import { EXTENSIONS, RenderStageSpec } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { safeName } from '../../text/safe-name.ts';

/** `name_0001.png`, with the sign before the digits: `name_-0005.png`. */
export function frameName(jobName: string, frame: number, extension: string): string {
  const digits = String(Math.abs(frame)).padStart(4, '0');
  return `${safeName(jobName)}_${frame < 0 ? '-' : ''}${digits}.${extension}`;
}

/** The extension of a job's frames, without the dot. */
export const extensionOf = (stageSpec: unknown): string =>
  EXTENSIONS[RenderStageSpec.parse(stageSpec).settings.format];
