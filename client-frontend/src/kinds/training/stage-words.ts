import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';

/** What a training does at the moment, after a percentage. */
export function stageWords({ state, stage, counts }: Pick<JobSummary, 'state' | 'stage' | 'counts'>): string {
  if (state === 'stitching') return 'putting the model together';
  switch (stage) {
    case 'split':
      return 'splitting the data';
    case 'initialize':
      return counts.running > 0 ? 'making the first weights' : 'waiting for a worker';
    case 'train':
      return `${counts.done} of ${counts.total} shards in`;
    case 'merge':
      return 'merging a round';
    case 'evaluate':
      return 'measuring the model';
    default:
      return 'under way';
  }
}
