import { isLasting } from '@parallel-pilot/shared/kinds/function/failures.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';

const [SHORTEST_REST_MS, LONGEST_REST_MS] = [10_000, 30 * 60_000];

/** How far a version has come whose packages or image are not there. */
export type Coming =
  | { state: 'on-its-way' }
  /** They were not to be had in passing, and are tried again at that time (ms since 1970). */
  | { state: 'rests'; until: number }
  /** They never will be, whoever tries. */
  | { state: 'failed' };

/** Of a job, what is looked at. */
export type OfJob = Pick<JobRow, 'state' | 'state_code' | 'finished_at' | 'updated_at'>;

/** By the last job that was to bring them, the `tries`th in a row; undefined where there is none. */
export function comingOf(job: OfJob | undefined, tries: number): Coming {
  if (job === undefined) return { state: 'rests', until: 0 };
  if (!isOver(job.state)) return { state: 'on-its-way' };
  if (job.state === 'failed' && isLasting(job.state_code)) return { state: 'failed' };
  // Each costs a job, and what was away for long may be so for longer.
  const rest = Math.min(LONGEST_REST_MS, SHORTEST_REST_MS * 2 ** Math.max(0, tries - 1));
  return { state: 'rests', until: (job.finished_at ?? job.updated_at) + rest };
}
