import type { ChunkStates } from '@parallel-pilot/shared/api/chunks.ts';
import { applyToJob, applyToStates } from '@parallel-pilot/shared/api/job-patch.ts';
import type { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import type { QueryClient } from '@tanstack/react-query';
import { jobQuery } from '../api/queries.ts';

/** Lays one patch over what the cache holds of its job, and asks again for what a patch cannot tell. */
export function patchJobQueries(queries: QueryClient, patch: JobPatch): void {
  const jobKey = jobQuery(patch.job).queryKey;
  // As `chunkStatesQuery` has it, which comes with the page of a job.
  const statesKey = ['job', patch.job, 'states'];
  const job = queries.getQueryData(jobKey);
  const states = queries.getQueryData<ChunkStates>(statesKey);
  if (job === undefined) return;
  const after = states && applyToStates(states, patch);
  queries.setQueryData(jobKey, applyToJob(job, patch, after));
  if (after !== undefined) queries.setQueryData(statesKey, after);

  const moved = patch.stage !== null && patch.stage !== job.stageId;
  if (patch.changed || moved) void queries.invalidateQueries({ queryKey: jobKey, exact: true });
  // Where very much happens at once, the farm says only that something changed.
  if (patch.changed || moved) void queries.invalidateQueries({ queryKey: statesKey });
  if (patch.changed) void queries.invalidateQueries({ queryKey: ['job', patch.job, 'artifacts'] });
  for (const { ordinal } of patch.chunks) {
    void queries.invalidateQueries({ queryKey: ['job', patch.job, 'chunk', ordinal] });
  }
  if (patch.chunks.length > 0) refreshTimeline(queries, patch.job);
}

const TIMELINE_MS = 2_000;
const due = new Set<string>();

function refreshTimeline(queries: QueryClient, job: string): void {
  if (due.has(job)) return;
  due.add(job);
  setTimeout(() => {
    due.delete(job);
    void queries.invalidateQueries({ queryKey: ['job', job, 'timeline'] });
  }, TIMELINE_MS);
}
