import type { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import type { QueryClient } from '@tanstack/react-query';

/** How a pipeline stands follows from its jobs: those that are shown and have one that changed are asked for again. */
export function refreshPipelines(queries: QueryClient, changed: readonly string[]): void {
  const jobs = new Set(changed);
  // One that is under way is let end: on a busy farm none ever would.
  void queries.invalidateQueries({ queryKey: ['pipelines'] }, { cancelRefetch: false });
  void queries.invalidateQueries({
    queryKey: ['pipeline'],
    predicate: ({ state }) => {
      const shown = state.data as PipelineDetail | undefined;
      return shown?.jobs.some(({ job }) => jobs.has(job.id)) ?? false;
    },
  });
}
