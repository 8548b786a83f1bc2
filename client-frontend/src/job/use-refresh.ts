import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

/** Chunks end more often than one would ask anew. */
const REFRESH_MS = 2_000;

/** Asks anew for parts of a job of which nothing is in a patch, when chunks of it are over; `parts` is a constant. */
export function useRefresh({ id, stageId, state, counts }: JobDetail, parts: readonly string[]): void {
  const queries = useQueryClient();
  const present = `${stageId} ${state}`;
  const seen = useRef({ present, done: counts.done });
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    const refresh = () => {
      timer.current = null;
      for (const part of parts) void queries.invalidateQueries({ queryKey: ['job', id, part] });
    };
    const moved = seen.current.present !== present;
    const more = seen.current.done !== counts.done;
    seen.current = { present, done: counts.done };
    if (moved) refresh();
    else if (more) timer.current ??= setTimeout(refresh, REFRESH_MS);
  }, [queries, id, parts, present, counts.done]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
}
