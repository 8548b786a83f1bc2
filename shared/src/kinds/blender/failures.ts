import { z } from 'zod';
import { FAILURES, type Failure, type GenericFailure } from '../../model/failures.ts';

/** Why a chunk of a render may fail, beside what any chunk may fail of. */
export const BLENDER_FAILURES = {
  'not-a-blend': { retry: false, sentence: 'The file is not a .blend file, or it is damaged or cut short.' },
  'too-old': { retry: false, sentence: 'The file was saved by a newer Blender than the worker has.' },
  died: { retry: true, sentence: 'Blender stopped while it was working on this chunk.' },
  'no-camera': {
    retry: false,
    sentence: 'The scene has no camera. Add one in Blender, or choose another scene.',
  },
  'unknown-scene': { retry: false, sentence: 'The file has no scene of that name.' },
  'unknown-camera': { retry: false, sentence: 'The scene has no camera of that name.' },
  'engine-unavailable': { retry: true, sentence: 'The worker cannot render with this engine.' },
  'denoiser-unavailable': {
    retry: true,
    sentence: 'The Blender on this worker was built without a denoiser.',
  },
  'script-failed': { retry: false, sentence: 'A script in the file raised an error or ended Blender.' },
} as const satisfies Record<string, Failure>;

/** What a worker's Blender fails with, as the kind itself writes it. */
export type BlenderFailure = GenericFailure | keyof typeof BLENDER_FAILURES;
export const BlenderFailure = z.enum(
  Object.keys({ ...FAILURES, ...BLENDER_FAILURES }) as [BlenderFailure, ...BlenderFailure[]],
);
