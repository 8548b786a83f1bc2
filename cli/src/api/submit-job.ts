import { randomUUID } from 'node:crypto';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from './client.ts';
import { patiently } from './patience.ts';
import { isPassing } from './request.ts';

/**
 * Submits a job exactly once, though the farm may die between taking it in and
 * saying so: before asking again it looks whether the job is there by now, by
 * the group it was given.
 */
export async function submitJob(api: Api, wanted: CreateJob): Promise<JobId> {
  const request = { ...wanted, group: wanted.group ?? randomUUID() };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.createJob(request);
    } catch (error) {
      if (!isPassing(error) || attempt === 5) throw error;
    }
    const { jobs } = await patiently(() => api.jobs({ limit: 200, group: request.group }));
    // Of several that were made of one request the first, which begins with its name.
    const taken =
      jobs.find((job) => job.name === request.name) ??
      jobs.findLast((job) => job.name.startsWith(`${request.name} `));
    if (taken !== undefined) return taken.id;
  }
}
