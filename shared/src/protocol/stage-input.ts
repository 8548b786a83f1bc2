import { z } from 'zod';
import { BlobHash } from '../model/ids.ts';
import { RelativePath } from '../model/path.ts';

/** A file that a stage's chunks read, and where it lies for them. */
export const StageInput = z.object({
  path: RelativePath,
  hash: BlobHash,
  size: z.number().int().nonnegative(),
});
export type StageInput = z.infer<typeof StageInput>;
