import { z } from 'zod';
import { submissionWith } from '../kinds/submissions.ts';
import { Deadline } from '../model/job-end.ts';
import { Placement } from '../model/placement.ts';
import { Asked } from '../model/resources.ts';
import { GroupId } from './jobs.ts';

/** POST /api/v1/jobs */
export const CreateJob = submissionWith({
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
