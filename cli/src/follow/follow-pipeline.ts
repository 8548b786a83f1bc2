import { setTimeout as pause } from 'node:timers/promises';
import type { JobId, PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { PipelineState } from '@parallel-pilot/shared/model/pipeline.ts';
import type { Api } from '../api/client.ts';
import { patiently } from '../api/patience.ts';

const POLL_MS = 1_000;

/** Says of each job what it came to, once. Resolves when all are over, with how the whole stands then. */
export async function followPipeline(
  api: Api,
  id: PipelineId,
  say: (line: string) => void,
): Promise<PipelineState> {
  const told = new Set<JobId>();
  for (;;) {
    const { jobs, state } = await patiently(() => api.pipeline(id));
    for (const { name, job } of jobs) {
      if (!isOver(job.state) || told.has(job.id)) continue;
      told.add(job.id);
      say(`${name} is ${job.state}${job.problem === null ? '.' : `: ${job.problem.message}`}`);
    }
    if (state !== 'active') return state;
    await pause(POLL_MS);
  }
}
