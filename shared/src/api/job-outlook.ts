import { z } from 'zod';
import { PUBLIC_KINDS } from '../kinds/public.ts';
import { BlobHash } from '../model/ids.ts';
import { Deadline, EndRange } from '../model/job-end.ts';
import { Placement } from '../model/placement.ts';
import { Asked } from '../model/resources.ts';
import { strictObject } from '../model/strict-object.ts';
import { JobDeadline } from './jobs.ts';

/** POST /api/v1/jobs/outlook: asked before a job is submitted. `source` is its file, where that is there already. */
export const OutlookQuestion = strictObject({
  kind: z.enum(Object.keys(PUBLIC_KINDS)).optional(),
  source: BlobHash.optional(),
  settings: z.unknown().optional(),
  priority: z.int().min(-100).max(100).default(0),
  deadline: Deadline.optional(),
  placement: Placement.default({}),
  asked: Asked.default({}),
});
export type OutlookQuestion = z.input<typeof OutlookQuestion>;

/** Its reply: when such a job is expected to be done, null where that cannot be told yet, and how its deadline stands. */
export const JobOutlook = z.object({
  eta: EndRange.nullable(),
  deadline: JobDeadline.nullable(),
  /** What is known, in a sentence. */
  message: z.string(),
});
export type JobOutlook = z.infer<typeof JobOutlook>;
