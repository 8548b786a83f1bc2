import { z } from 'zod';
import { submissionWith } from '../kinds/submissions.ts';
import { RUNS_ON } from '../model/dependencies.ts';
import { JobId } from '../model/ids.ts';
import { Deadline } from '../model/job-end.ts';
import { Placement } from '../model/placement.ts';
import { Asked } from '../model/resources.ts';
import { strictObject } from '../model/strict-object.ts';
import { GroupId } from './jobs.ts';

/** As many as a pipeline has jobs. */
export const MOST_DEPENDENCIES = 500;

export const After = strictObject({ job: JobId, on: z.enum(RUNS_ON).default('success') });
export type After = z.infer<typeof After>;

/** POST /api/v1/jobs */
export const CreateJob = submissionWith({
  /** Jobs that have to end before it runs, and how: completed, failed or canceled (`failure`), or either. Where one ends otherwise, this one is canceled. */
  after: z.array(After).max(MOST_DEPENDENCIES).optional(),
  name: z.string().min(1).max(200).optional(),
  priority: z.int().min(-100).max(100).default(0),
  /** Equal for jobs that belong together, such as those of a sweep; an id of the client's making. */
  group: GroupId.optional(),
  /** By when it should be done, ms since 1970. */
  deadline: Deadline.optional(),
  /** Which workers may do it; any, where it is left out. */
  placement: Placement.optional(),
  /** What each of its chunks asks of a worker. Left out, a slot's part of it. */
  asked: Asked.optional(),
});
export type CreateJob = z.input<typeof CreateJob>;
