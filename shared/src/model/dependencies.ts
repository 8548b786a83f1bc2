import { isOver, type JobStatus } from './job.ts';

/** How a job has to end for one that waits for it to run: completed, failed or canceled, or either. */
export const RUNS_ON = ['success', 'failure', 'always'] as const;
export type RunsOn = (typeof RUNS_ON)[number];

/** A job that is waited for; `state` is null where it was deleted. */
export type Dependency = { on: RunsOn; state: JobStatus | null };

/** What is to become of a job that waits for others: it waits on, runs, or can never run. */
export type Verdict = 'wait' | 'run' | 'cancel';

/**
 * A job runs once all that it waits for have ended and each as it runs on, and never once one of them has ended otherwise.
 * Of those whose failure it runs on one is enough, as `failure()` of GitHub Actions has it: a matrix has failed when
 * one of its jobs has.
 */
export function judgeDependencies(dependencies: readonly Dependency[]): Verdict {
  const failures = dependencies.filter(({ on }) => on === 'failure').map(({ state }) => state);
  const verdicts = dependencies.filter(({ on }) => on !== 'failure').map(judge);
  if (failures.length > 0) verdicts.push(judgeFailures(failures));
  if (verdicts.includes('cancel')) return 'cancel';
  return verdicts.includes('wait') ? 'wait' : 'run';
}

function judge({ on, state }: Dependency): Verdict {
  // How one that is gone has ended nobody can tell any more.
  if (state === null) return on === 'always' ? 'run' : 'cancel';
  if (!isOver(state)) return 'wait';
  return on === 'always' || state === 'completed' ? 'run' : 'cancel';
}

function judgeFailures(states: readonly Dependency['state'][]): Verdict {
  if (states.some((state) => state !== null && !isOver(state))) return 'wait';
  return states.some((state) => state !== null && state !== 'completed') ? 'run' : 'cancel';
}
