import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useRefresh } from '../../job/use-refresh.ts';
import { withLive } from './curve-points.ts';
import { addLive, type LivePoints } from './live-points.ts';
import { curvesQuery } from './queries.ts';
import { trainingOf } from './training-job.ts';

const PARTS = ['curves', 'rounds'];

/** The curves of a training as far as they go at this moment. */
export function useLiveCurves(job: JobDetail) {
  const { stage, progress } = job;
  const { round } = trainingOf(job);
  const { data, error, refetch } = useQuery(curvesQuery(job.id));
  const [live, setLive] = useState<LivePoints>(new Map());
  useEffect(() => setLive((before) => addLive(before, { stage, progress, round })), [stage, progress, round]);
  // What rounds and shards came to is in no patch.
  useRefresh(job, PARTS);
  const curves = useMemo(() => data && withLive(data, live), [data, live]);
  return { curves, error, refetch };
}
