import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { jobPath } from './farm.ts';
import { request } from './request.ts';

/** What a job was submitted as. */
export const getSubmission = (id: string) => request(CreateJob, `${jobPath(id)}/submission`);
