import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { siteKind } from '../kinds/registry.ts';

/** More lines in one chart are not told apart. */
export const MOST_COMPARED = 12;

/** The address of the page that shows these jobs side by side; null where that cannot be done. */
export function compareAddress(jobs: readonly Pick<JobSummary, 'id' | 'kind'>[]): string | null {
  const [first] = jobs;
  if (first === undefined || jobs.length < 2 || jobs.length > MOST_COMPARED) return null;
  if (jobs.some((job) => job.kind !== first.kind) || (siteKind(first.kind)?.Compare ?? null) === null)
    return null;
  return `/compare?${new URLSearchParams(jobs.map((job): [string, string] => ['job', job.id]))}`;
}
