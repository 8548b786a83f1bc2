import { z } from 'zod';

/**
 * Why a chunk failed, as a closed list. `retry` tells whether another attempt,
 * here or elsewhere, can help: a scene without a camera has none on any worker.
 */
export const FAILURES = {
  canceled: { retry: true, sentence: 'The work was stopped before it finished.' },
  'input-missing': { retry: true, sentence: 'A file of the job could not be fetched by the worker.' },
  'not-a-blend': { retry: false, sentence: 'The file is not a .blend file, or it is damaged or cut short.' },
  'blender-too-old': { retry: false, sentence: 'The file was saved by a newer Blender than the worker has.' },
  'blender-died': { retry: true, sentence: 'Blender stopped while it was working on this chunk.' },
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
  'script-error': { retry: false, sentence: 'The script raised an error.' },
  'script-unfinished': {
    retry: false,
    sentence: 'The script ended without calling pilot.finish(...).',
  },
  'module-missing': { retry: true, sentence: 'The script imports a module that the worker does not have.' },
  'bad-update': { retry: true, sentence: 'The weights of a shard do not fit those of the round.' },
  'training-died': { retry: true, sentence: 'The Python of the script ended while it was at work.' },
  'out-of-memory': { retry: true, sentence: 'The worker ran out of memory for this chunk.' },
  'no-output': { retry: true, sentence: 'Blender finished without writing the image.' },
  'bad-output': { retry: true, sentence: 'The image that was written is damaged or has the wrong size.' },
  hung: { retry: true, sentence: 'Nothing was heard for too long, so the work was stopped.' },
  'over-deadline': { retry: false, sentence: 'The shard was not finished when its time was over.' },
  'over-time': { retry: false, sentence: 'The work took longer than a chunk may take, so it was ended.' },
  'disk-full': { retry: true, sentence: 'The worker has no disk space left.' },
  'upload-failed': { retry: true, sentence: 'The result could not be uploaded.' },
  'worker-lost': { retry: true, sentence: 'The worker went away while it was working on this chunk.' },
  'result-invalid': { retry: true, sentence: 'The result did not pass the final check.' },
  unexpected: { retry: true, sentence: 'The worker met an unexpected error.' },
} as const satisfies Record<string, { retry: boolean; sentence: string }>;

export const FailureCode = z.enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]);
export type FailureCode = keyof typeof FAILURES;
