import { z } from 'zod';
import { BlobHash, JobId } from '../../model/ids.ts';
import type { Start } from './start.ts';

/** What a training starts from, as its spec has it: the file, and of which round of which training it is. */
export const FoundStart = z.object({
  blob: BlobHash,
  size: z.int().nonnegative(),
  fileName: z.string().min(1).max(255),
  fitting: z.boolean(),
  of: z.object({ job: JobId, round: z.int().positive() }).nullable(),
});
export type FoundStart = z.infer<typeof FoundStart>;

/** What was sent, of what is stored. */
export const sentStart = ({ blob, fileName, fitting, of }: FoundStart): Start =>
  of === null ? { blob, fileName, fitting } : { ...of, fitting };
