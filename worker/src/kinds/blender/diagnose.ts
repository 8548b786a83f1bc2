import type { BlenderFailure } from '@parallel-pilot/shared/kinds/blender/failures.ts';

export type Diagnosis = { code: BlenderFailure; message: string };

/**
 * The reason of a failed frame as far as Blender's own words tell it: its
 * error message and its last log lines. Null when they tell nothing known.
 */
export function diagnose(message: string, log: readonly string[]): Diagnosis | null {
  for (const { code, pattern, message: sentence } of SIGNS) {
    const line = [message, ...log.toReversed()].find((text) => pattern.test(text));
    if (line !== undefined)
      return { code, message: `${sentence} Blender said: ${line.trim().slice(0, 300)}` };
  }
  return null;
}

const SIGNS: readonly { code: BlenderFailure; pattern: RegExp; message: string }[] = [
  {
    code: 'no-camera',
    pattern: /Cannot render, no camera|No camera found in scene/i,
    message: 'The scene has no camera.',
  },
  {
    code: 'denoiser-unavailable',
    pattern: /Build without OpenImageDenoiser|OpenImageDenoiser is not supported/i,
    message: 'The Blender of this worker was built without OpenImageDenoise.',
  },
  {
    code: 'out-of-memory',
    pattern:
      /out of (?:GPU (?:and shared host )?)?memory|\b[MC]alloc.* returns null|std::bad_alloc|cannot allocate memory/i,
    message: 'Blender ran out of memory.',
  },
  {
    code: 'disk-full',
    pattern: /No space left on device|Disk quota exceeded/i,
    message: 'The disk of the worker is full.',
  },
  {
    code: 'engine-unavailable',
    pattern:
      /Couldn't find current GLX or EGL context|No OpenGL vendor detected|Unable to (?:open a display|initiali[sz]e GPU)|(?:graphics card|GPU).*not supported|Failed to create (?:a )?(?:GPU|OpenGL|Vulkan) context/i,
    message: 'The graphics driver that this engine needs does not work on this worker.',
  },
];
