import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { chunkStatesQuery, timelineQuery } from '../../api/job-queries.ts';
import { type Span, spansOf } from '../../job/timeline-layout.ts';
import { frameName } from './frame-names.ts';

/** The newest spans of work on the job's frames; undefined until they are known. */
export function useFrameSpans(job: string): Span[] | undefined {
  const spans = useQuery(timelineQuery(job)).data?.spans;
  const numbers = useQuery(chunkStatesQuery(job)).data?.numbers;
  return useMemo(
    () =>
      spans === undefined || numbers === undefined
        ? undefined
        : spansOf(spans, (ordinal) => frameName({ numbers }, ordinal)),
    [spans, numbers],
  );
}
