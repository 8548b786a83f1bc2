import { useMediaQuery } from '@mantine/hooks';
import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { useQueryClient } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useNow } from '../../components/clock.ts';
import { showRows } from '../../live/job-rows.ts';
import { JobRow } from './JobRow.tsx';
import classes from './Jobs.module.css';
import type { Selection } from './selection.ts';

type JobRowsProps = { jobs: JobSummary[]; total: number; selection: Selection; loadMore(): void };

/** All loaded jobs, of which only those near the screen are in the document. */
export function JobRows({ jobs, total, selection, loadMore }: JobRowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(list.current?.offsetTop ?? 0), []);
  const narrow = useMediaQuery('(max-width: 860px)') ?? false;
  const height = narrow ? 116 : 90;
  const rows = useWindowVirtualizer({
    count: jobs.length,
    estimateSize: () => height,
    overscan: 6,
    scrollMargin: top,
    getItemKey: (index) => jobs[index]?.id ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows are measured again when their height changes
  useEffect(() => rows.measure(), [height]);
  const shown = rows.getVirtualItems();
  useVisibleRows(
    jobs,
    shown.map((item) => item.index),
  );
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= jobs.length - 20) loadMore();
  }, [last, jobs.length, loadMore]);
  const now = useNow(15_000);
  return (
    <ul ref={list} className={classes.list} style={{ height: rows.getTotalSize() }} aria-label="Jobs">
      {shown.map(({ index, start, key }) => {
        const job = jobs[index];
        if (job === undefined) return null;
        return (
          <li
            key={key}
            className={classes.item}
            style={{ height, transform: `translateY(${start - top}px)` }}
            aria-setsize={total}
            aria-posinset={index + 1}
          >
            <JobRow
              job={job}
              now={now}
              selected={selection.selected.has(job.id)}
              onSelect={selection.toggle}
            />
          </li>
        );
      })}
    </ul>
  );
}

function useVisibleRows(jobs: JobSummary[], indexes: number[]): void {
  const queries = useQueryClient();
  const ids = indexes.flatMap((index) => jobs[index]?.id ?? []).join(' ');
  useEffect(() => showRows(queries, ids.split(' ')), [queries, ids]);
}
