import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { numberAtQuery } from '../../api/number-at.ts';
import { Picture } from '../../components/Picture.tsx';
import { thumbnailUrl } from './frame-urls.ts';

/** The newest frame of a job, small. */
export function Thumbnail({ job: { id, stage, newest } }: { job: JobSummary }) {
  const { data: frame } = useQuery({
    ...numberAtQuery(id, stage, newest ?? 0),
    enabled: newest !== null,
    placeholderData: keepPreviousData,
  });
  const src = newest === null || frame === undefined || frame === null ? null : thumbnailUrl(id, frame);
  return <Picture src={src} alt="" lazy />;
}
