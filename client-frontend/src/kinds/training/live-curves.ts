import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { withLive } from './curve-points.ts';
import { addLive, type LivePoints } from './live-points.ts';
import { curvesQuery } from './queries.ts';
import { trainingOf } from './training-job.ts';

/** The curves of a training as far as they go at this moment. */
export function useLiveCurves(job: JobDetail) {
  const { stage, progress } = job;
  const { round } = trainingOf(job);
  const { data, error, refetch } = useQuery(curvesQuery(job.id));
  const [live, setLive] = useState<LivePoints>(new Map());
  useEffect(() => setLive((before) => addLive(before, { stage, progress, round })), [stage, progress, round]);
  useFreshRounds(job);
  const curves = useMemo(() => data && withLive(data, live), [data, live]);
  return { curves, error, refetch };
}

/** Shards end more often than one would ask anew. */
const REFRESH_MS = 2_000;

/** What rounds and shards came to is in no patch: it is asked for when one is over. */
function useFreshRounds({ id, stageId, state, counts }: JobDetail): void {
  const queries = useQueryClient();
  const present = `${stageId} ${state}`;
  const seen = useRef({ present, done: counts.done });
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    const refresh = () => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: ['job', id, 'curves'] });
      void queries.invalidateQueries({ queryKey: ['job', id, 'rounds'] });
    };
    const moved = seen.current.present !== present;
    const more = seen.current.done !== counts.done;
    seen.current = { present, done: counts.done };
    if (moved) refresh();
    else if (more) timer.current ??= setTimeout(refresh, REFRESH_MS);
  }, [queries, id, present, counts.done]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
}
