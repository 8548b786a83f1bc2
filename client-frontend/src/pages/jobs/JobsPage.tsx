import { Button, Skeleton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { JobFilter } from '../../api/farm.ts';
import { jobsQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { Empty } from '../../components/Empty.tsx';
import { plural } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { useRoom } from '../../live/LiveProvider.tsx';
import { DropAnywhere } from '../new/DropAnywhere.tsx';
import { FilterBar, readFilter } from './FilterBar.tsx';
import { JobRows } from './JobRows.tsx';
import classes from './Jobs.module.css';

export function JobsPage() {
  const [search] = useSearchParams();
  const filter = readFilter(search.get('state'));
  const list = useInfiniteQuery(jobsQuery(filter));
  const jobs = useMemo(() => list.data?.pages.flatMap((page) => page.jobs), [list.data]);
  useRoom('jobs');
  const total = list.data?.pages[0]?.total;
  const unused = total === 0 && filter === undefined;
  return (
    <DropAnywhere>
      <PageHead title="Jobs" sub={total === undefined || unused ? '\u00a0' : plural(total, 'job')}>
        {!unused && <FilterBar filter={filter} />}
      </PageHead>
      {jobs === undefined && list.error === null && <Loading />}
      {jobs === undefined && list.error !== null && (
        <Empty
          title="The jobs cannot be shown"
          text={sentenceOf(list.error)}
          action={<Button onClick={() => void list.refetch()}>Try again</Button>}
        />
      )}
      {jobs?.length === 0 && <Nothing filter={filter} />}
      {jobs !== undefined && jobs.length > 0 && (
        <JobRows
          jobs={jobs}
          total={total ?? jobs.length}
          loadMore={() => {
            if (list.hasNextPage && !list.isFetching) void list.fetchNextPage();
          }}
        />
      )}
    </DropAnywhere>
  );
}

function Loading() {
  return (
    <div aria-busy="true" role="status" aria-label="Loading the jobs" className={classes.list}>
      {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
        <div key={key} className={classes.waiting}>
          <Skeleton width={96} height={54} radius={8} />
          <div className={classes.waitingText}>
            <Skeleton width="38%" height={14} radius={6} />
            <Skeleton width="22%" height={11} radius={6} />
          </div>
        </div>
      ))}
    </div>
  );
}

function Nothing({ filter }: { filter: JobFilter }) {
  if (filter !== undefined) {
    return (
      <Empty
        title="No job is in this state"
        text="The others are still there."
        action={
          <Button component={Link} to="/" variant="default">
            Show all jobs
          </Button>
        }
      />
    );
  }
  return (
    <Empty
      title="Drop your files to begin"
      text="A .blend to render, or a training script with its data, anywhere on this page. The farm asks what you want and works on it with all your machines at once."
      action={
        <Button component={Link} to="/new" size="md">
          Choose a file
        </Button>
      }
    />
  );
}
