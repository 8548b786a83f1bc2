import { frameSize } from './frame-size.ts';
import type { ImageFormat, RenderSettings } from './settings.ts';

/** Name of the finished picture among a render chunk's files: of the first view, where a scene has several. */
export const FRAME_FILE = 'frame';
/** What a screen shows of a frame whose pixels are scene-linear, made by Blender through the scene's view transform. */
export const DISPLAY_FILE = 'display';
/** The sound of all frames, beside the first of them. */
export const SOUND_FILE = 'sound';

/** A picture that belongs to a frame. */
export type FramePicture = {
  /** Its name among the files of the chunk. */
  file: string;
  /** What tells it from the frame's other files in the name that users see; empty for a frame of one picture. */
  suffix: string;
  format: ImageFormat;
  width: number;
  height: number;
};

type Look = Pick<RenderSettings, 'format' | 'views' | 'resolutionX' | 'resolutionY' | 'percentage'>;

/** The pictures that every frame of a job comes in, the frame itself first. */
export function framePictures(settings: Look): FramePicture[] {
  const { format, views } = settings;
  const size = frameSize(settings);
  const own = (views.length === 0 ? [''] : views).map((view, index) => ({
    file: index === 0 ? FRAME_FILE : `view-${index}`,
    suffix: suffixOf(view, index),
    format,
    ...size,
  }));
  return isSceneLinear(format)
    ? [...own, { file: DISPLAY_FILE, suffix: '_display', format: 'PNG', ...size }]
    : own;
}

/** What a file name cannot hold is left out of it: a view that is so named is told from the others by its number. */
const NOT_IN_NAMES = /[^\p{L}\p{N} ._-]/u;

function suffixOf(view: string, index: number): string {
  if (view === '') return '';
  return NOT_IN_NAMES.test(view) ? `_${view}_${index + 1}` : `_${view}`;
}

/** The picture that pages and the video show of a frame. */
export function shownPicture(settings: Look): FramePicture {
  const shown = shownOf(framePictures(settings));
  if (shown === undefined) throw new Error('a frame has one picture at least');
  return shown;
}

export const shownOf = (pictures: readonly FramePicture[]): FramePicture | undefined =>
  pictures.find(({ file }) => file === DISPLAY_FILE) ?? pictures[0];

/** Bytes of a second of sound as it can be at most: 192,000 samples of 8 channels and 16 bits. */
const SOUND_BYTES = 192_000 * 8 * 2;

/** The most bytes that the sound of so many frames can have. */
export const mostSoundBytes = (frames: number, fps: number): number =>
  Math.ceil((frames / fps + 1) * SOUND_BYTES);

/** Formats whose numbers are light and not colours of a screen. */
export const isSceneLinear = (format: ImageFormat): boolean =>
  format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER';
