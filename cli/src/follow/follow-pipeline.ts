import { setTimeout as pause } from 'node:timers/promises';
import type { JobId, PipelineId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { PipelineState } from '@parallel-pilot/shared/model/pipeline.ts';
import type { Api } from '../api/client.ts';
import { watchJobs } from '../api/live.ts';
import { patiently } from '../api/patience.ts';

/** What the farm tells makes it lively; asking all the same makes it right. */
const POLL_MS = 10_000;
const POLL_ALONE_MS = 1_000;

/** Says of each job what it came to, once. Resolves when all are over, with how the whole stands then. */
export async function followPipeline(
  api: Api,
  id: PipelineId,
  say: (line: string) => void,
): Promise<PipelineState> {
  const told = new Set<JobId>();
  let own = new Set<JobId>();
  let live = false;
  let wake = new AbortController();
  const socket = watchJobs(api.connection, {
    onWatching() {
      live = true;
      wake.abort();
    },
    onChanged: (jobs) => jobs.some((job) => own.has(job)) && wake.abort(),
    onLost() {
      live = false;
    },
  });
  try {
    for (;;) {
      wake = new AbortController();
      const { jobs, state } = await patiently(() => api.pipeline(id));
      own = new Set(jobs.map(({ job }) => job.id));
      for (const { name, job } of jobs) {
        if (!isOver(job.state) || told.has(job.id)) continue;
        told.add(job.id);
        say(`${name} is ${job.state}${job.problem === null ? '.' : `: ${job.problem.message}`}`);
      }
      if (state !== 'active') return state;
      await pause(live ? POLL_MS : POLL_ALONE_MS, undefined, { signal: wake.signal }).catch(() => {});
    }
  } finally {
    socket.close();
  }
}
