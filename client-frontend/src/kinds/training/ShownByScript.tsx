import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { useFetched } from '../../components/use-fetched.ts';
import { shownQuery } from './shown/queries.ts';

/** What the script shows, where it shows anything: its part of the page is fetched then. */
export function ShownByScript({ job }: { job: JobDetail }) {
  const rounds = useQuery(shownQuery(job.id, null)).data?.rounds ?? [];
  const ShownPanel = useFetched(
    async () => (await import('./shown/ShownPanel.tsx')).ShownPanel,
    rounds.length > 0,
  );
  return ShownPanel !== null && rounds.length > 0 ? <ShownPanel job={job} /> : null;
}
