import { engineName } from '@parallel-pilot/shared/kinds/blender/engine-name.ts';
import type { FormValues } from './form-values.ts';

/** The way of a new job. */
export const STEPS = ['Send the file', 'Look inside', 'Choose settings', 'Render'] as const;

/** Settings as artists write them. */
export const FORMAT_NAMES = {
  PNG: 'PNG',
  JPEG: 'JPEG',
  OPEN_EXR: 'OpenEXR',
  OPEN_EXR_MULTILAYER: 'OpenEXR with layers',
  TIFF: 'TIFF',
} as const;
export const VIDEO_NAMES = {
  mp4: 'H.264 .mp4, plays everywhere',
  webm: 'VP9 .webm',
  mov: 'ProRes .mov, for editing',
  none: 'No video, only frames',
} as const;

/** The engines on offer; EEVEE under the name that the file's generation gives it. */
export const enginesFor = (present: FormValues['engine']) => {
  const eevee = present === 'BLENDER_EEVEE_NEXT' ? present : 'BLENDER_EEVEE';
  return (['CYCLES', eevee, 'BLENDER_WORKBENCH'] as const).map((value) => ({
    value,
    label: engineName(value),
  }));
};
