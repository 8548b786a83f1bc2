import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { formatPercent } from '../../components/format.ts';

type Told = Pick<JobSummary, 'state' | 'stage' | 'counts' | 'fraction'>;

/** What a training does at the moment and how far it is: "Training, 38 %". */
export function stageWords(job: Told): string {
  return job.fraction > 0 ? `${doing(job)}, ${formatPercent(job.fraction)}` : doing(job);
}

function doing({ state, stage, counts }: Told): string {
  if (state === 'paused') return 'Paused';
  if (state === 'assembling') return 'Putting the model together';
  switch (stage) {
    case 'split':
      return 'Splitting the data';
    case 'environment':
      return counts.running > 0 ? 'Installing packages' : 'Waiting for a worker';
    case 'initialize':
      return counts.running > 0 ? 'Making the first weights' : 'Waiting for a worker';
    case 'train':
      return 'Training';
    case 'shares':
    case 'masked':
    case 'unmask':
    case 'merge':
      return 'Merging';
    case 'measure':
    case 'evaluate':
      return 'Measuring the model';
    default:
      return 'Under way';
  }
}
