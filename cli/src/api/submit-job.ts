import { isDeepStrictEqual } from 'node:util';
import type { CreateJob } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from './client.ts';
import { patiently } from './patience.ts';
import { isPassing } from './request.ts';

/**
 * Submits a job exactly once, though the farm may die between taking it in and
 * saying so: before asking again it looks whether the job is there by now.
 */
export async function submitJob(api: Api, request: CreateJob): Promise<JobId> {
  const newest = async () => (await patiently(() => api.jobs({ limit: 20 }))).jobs;
  const before = new Set((await newest()).map((job) => job.id));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.createJob(request);
    } catch (error) {
      if (!isPassing(error) || attempt === 5) throw error;
    }
    for (const job of await newest()) {
      if (before.has(job.id) || job.name !== request.name) continue;
      const { fileName, overrides } = await patiently(() => api.job(job.id));
      if (fileName === request.source.fileName && isDeepStrictEqual(overrides, request.settings ?? {})) {
        return job.id;
      }
    }
  }
}
