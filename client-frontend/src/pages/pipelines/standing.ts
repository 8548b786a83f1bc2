import type { PipelineSummary } from '@parallel-pilot/shared/api/pipelines.ts';
import { formatCount } from '../../components/format.ts';

const STATES = { active: 'Under way', completed: 'Completed', failed: 'Failed', canceled: 'Canceled' };

/** "Under way: 3 of 12 jobs completed, 1 failed" */
export function standingOf({ state, states, total }: PipelineSummary): string {
  const { completed = 0, failed = 0 } = states;
  const done = `${formatCount(completed)} of ${formatCount(total)} ${total === 1 ? 'job' : 'jobs'} completed`;
  return `${STATES[state]}: ${done}${failed === 0 ? '' : `, ${formatCount(failed)} failed`}`;
}
