import { z } from 'zod';
import { Deadline } from '../model/job-end.ts';
import { strictObject } from '../model/strict-object.ts';

/** PUT /api/v1/jobs/:id/settings; each kind parses its own. */
export const GiveSettings = z.record(z.string(), z.unknown());
/** PATCH /api/v1/jobs/:id */
export const PatchJob = strictObject({
  name: z.string().min(1).max(200).optional(),
  priority: z.int().min(-100).max(100).optional(),
  /** By when it should be done, ms since 1970; null for no matter when. */
  deadline: Deadline.nullable().optional(),
});
