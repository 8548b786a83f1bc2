import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { useMay, useSession } from '../api/session.ts';

/** What whoever is signed in may do with a job: with their own more than with others'. */
export function useMayWith({ person }: Pick<JobSummary, 'person'>) {
  const may = useMay();
  const own = useSession()?.person?.id === person;
  return {
    steers: may('jobs.steer', own),
    prioritises: may('jobs.prioritise', own),
    deletes: may('jobs.delete', own),
  };
}
