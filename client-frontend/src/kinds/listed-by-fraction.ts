import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { formatPercent } from '../components/format.ts';
import type { Listed } from './kind.ts';

/** How far a job is by the part of it that is done; `done` and `working` say what there is then. */
export function listedByFraction(
  job: JobSummary,
  { done, working }: { done: string; working: string },
): Listed {
  switch (job.state) {
    case 'failed':
      return { bar: null, text: job.problem?.message ?? '', bad: true };
    case 'completed':
      return { bar: 'fraction', text: `100 % · ${done}` };
    case 'canceled':
      return { bar: 'fraction', text: `Stopped at ${formatPercent(job.fraction)}` };
    default:
      return { bar: 'fraction', text: working };
  }
}
