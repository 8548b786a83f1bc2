import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { thumbnailUrl } from '../../api/farm.ts';
import { frameAtQuery } from '../../api/queries.ts';
import { Picture } from '../../components/Picture.tsx';

/** The newest frame of a job, small. */
export function Thumbnail({ job: { id, newest } }: { job: JobSummary }) {
  const { data: frame } = useQuery({
    ...frameAtQuery(id, newest ?? 0),
    enabled: newest !== null,
    placeholderData: keepPreviousData,
  });
  const src = newest === null || frame === undefined || frame === null ? null : thumbnailUrl(id, frame);
  return <Picture src={src} alt="" lazy />;
}
