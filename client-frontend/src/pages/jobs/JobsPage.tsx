import { Button, Skeleton } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import type { JobList, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import {
  type InfiniteData,
  type UseInfiniteQueryResult,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { Link } from 'react-router';
import { jobCountsQuery, jobsQuery, storageQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { useMay } from '../../api/session.ts';
import { Empty } from '../../components/Empty.tsx';
import { formatBytes, plural } from '../../components/format.ts';
import { NoWorkers } from '../../components/NoWorkers.tsx';
import { PageHead } from '../../components/PageHead.tsx';
import { useFetched } from '../../components/use-fetched.ts';
import { DROPPED_KINDS } from '../../kinds/registry.ts';
import { refreshRows } from '../../live/job-rows.ts';
import { useRoom } from '../../live/LiveProvider.tsx';
import { JobRows } from './JobRows.tsx';
import classes from './Jobs.module.css';
import { ListBar } from './ListBar.tsx';
import { useListAddress } from './list-address.ts';
import { useSelection } from './selection.ts';

// With the first selected job.
const selectionBar = async () => (await import('./SelectionBar.tsx')).SelectionBar;

// Only a farm without a job offers them here.
const samples = async () => (await import('../new/Samples.tsx')).Samples;

export function JobsPage() {
  const { query, change } = useListAddress();
  const watched = useRoom('jobs');
  const list = useInfiniteQuery({ ...jobsQuery(query), enabled: watched });
  const jobs = useMemo(
    () => list.data && distinct(list.data.pages.flatMap((page) => page.jobs)),
    [list.data],
  );
  useFreshReasons(jobs);
  const counts = useQuery(jobCountsQuery(query.q)).data;
  const selection = useSelection(jobs ?? NONE);
  useHotkeys([['Escape', () => selection.set([])]]);
  const total = list.data?.pages[0]?.total;
  const narrowed = query.state !== undefined || query.q !== '';
  const unused = total === 0 && !narrowed;
  const selected = jobs?.filter((job) => selection.selected.has(job.id)) ?? [];
  const SelectionBar = useFetched(selectionBar, selected.length > 0);
  const selectAll = async () => selection.set(await allOf(list));
  return (
    <>
      <PageHead title="Jobs" sub={unused ? '\u00a0' : <Stored total={total} />}>
        {!unused && (
          <Button component={Link} to="/pipelines" variant="default">
            Pipelines
          </Button>
        )}
      </PageHead>
      <NoWorkers />
      {!unused && <ListBar query={query} counts={counts} onChange={change} />}
      {jobs === undefined && list.error === null && <Loading />}
      {jobs === undefined && list.error !== null && (
        <Empty
          title="The jobs cannot be shown"
          text={sentenceOf(list.error)}
          action={<Button onClick={() => void list.refetch()}>Try again</Button>}
        />
      )}
      {jobs?.length === 0 && <Nothing narrowed={narrowed} q={query.q} />}
      {jobs !== undefined && jobs.length > 0 && (
        <JobRows
          jobs={jobs}
          total={total ?? jobs.length}
          selection={selection}
          loadMore={() => {
            if (list.hasNextPage && !list.isFetching) void list.fetchNextPage();
          }}
        />
      )}
      {selected.length > 0 && SelectionBar !== null && (
        <SelectionBar
          jobs={selected}
          total={total ?? selected.length}
          onSelectAll={() => void selectAll()}
          onClear={() => selection.set([])}
        />
      )}
    </>
  );
}

const NONE: JobSummary[] = [];

const REASONS_MS = 5_000;

/** Why a job waits changes with the workers, and not with its row. */
function useFreshReasons(jobs: readonly JobSummary[] | undefined): void {
  const queries = useQueryClient();
  const waiting = jobs?.flatMap((job) => (job.waiting === null ? [] : [job.id])).join(' ') ?? '';
  useEffect(() => {
    if (waiting === '') return;
    const timer = setInterval(() => void refreshRows(queries, waiting.split(' ')), REASONS_MS);
    return () => clearInterval(timer);
  }, [queries, waiting]);
}

/** A job that moved while pages were fetched is on two of them. */
const distinct = (jobs: readonly JobSummary[]): JobSummary[] => [
  ...new Map(jobs.map((job) => [job.id, job])).values(),
];

/** More are not worked on at once: each is a request. */
const MOST_SELECTED = 1_000;

/** All jobs of the list, with the pages that were not seen yet. */
async function allOf(list: UseInfiniteQueryResult<InfiniteData<JobList, unknown>>): Promise<string[]> {
  let known = list;
  const ids = () => known.data?.pages.flatMap((page) => page.jobs.map((job) => job.id as string)) ?? [];
  while (known.hasNextPage && ids().length < MOST_SELECTED) {
    known = (await known.fetchNextPage()) as typeof known;
    if (known.isError) break;
  }
  return ids().slice(0, MOST_SELECTED);
}

/** How many jobs the list has, and how much those of the team take of the farm's disk. */
function Stored({ total }: { total: number | undefined }) {
  const storage = useQuery(storageQuery()).data;
  if (total === undefined) return '\u00a0';
  if (storage === undefined) return plural(total, 'job');
  const free = storage.free === null ? '' : `, ${formatBytes(storage.free)} free`;
  return `${plural(total, 'job')} · ${formatBytes(storage.stored)} stored${free}`;
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

function Nothing({ narrowed, q }: { narrowed: boolean; q: string }) {
  const submits = useMay()('jobs.submit');
  const Samples = useFetched(samples, !narrowed && submits);
  if (narrowed) {
    return (
      <Empty
        title={q === '' ? 'No job is in this state' : `No job is called “${q}”`}
        text="The others are still there."
        action={
          <Button component={Link} to="/" variant="default">
            Show all jobs
          </Button>
        }
      />
    );
  }
  if (!submits)
    return <Empty title="No job yet" text="As a viewer of this team you see its jobs once there are some." />;
  return (
    <Empty
      title="Drop your files to begin"
      text={`${DROPPED_KINDS.map((kind) => kind.offer.title).join('. ')}. Anywhere on this page: the farm asks what you want and works on it with all your machines at once.`}
      action={
        <>
          <Button component={Link} to="/new" size="md">
            Choose a file
          </Button>
          {Samples !== null && <Samples />}
        </>
      }
    />
  );
}
