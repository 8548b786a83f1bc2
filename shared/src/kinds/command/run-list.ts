import { z } from 'zod';
import { RelativePath } from '../../model/path.ts';

const Count = z.int().nonnegative();

const ListedRun = z.object({
  /** From 1. */
  run: z.int().positive(),
  values: z.record(z.string(), z.string()),
  seconds: z.number().nonnegative(),
  /** What it left, and what it printed: pilot.out and pilot.err. */
  files: z.array(z.object({ path: RelativePath, size: Count })),
});

/** GET /api/v1/jobs/:id/runs?after=&limit=: runs that are done; those of one stage in their order. */
export const RunList = z.object({
  runs: z.array(ListedRun),
  /** What to ask on from; null behind the last. */
  next: z.string().nullable(),
});
export type RunList = z.infer<typeof RunList>;
export const RunListQuery = z.object({
  after: z
    .string()
    .regex(/^\d{1,6}\.\d{1,9}\.\d{1,9}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});
