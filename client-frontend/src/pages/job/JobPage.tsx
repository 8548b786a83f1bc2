import { Button, Skeleton } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, useParams } from 'react-router';
import { jobQuery } from '../../api/queries.ts';
import { isStatus, sentenceOf } from '../../api/request.ts';
import { Empty } from '../../components/Empty.tsx';
import { formatPercent } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { StateBadge, stateText } from '../../components/StateBadge.tsx';
import classes from '../../job/Job.module.css';
import { Notes } from '../../job/Notes.tsx';
import { siteKind } from '../../kinds/registry.ts';
import { useRoom } from '../../live/LiveProvider.tsx';
import { Actions } from './Actions.tsx';
import { DueBy } from './DueBy.tsx';
import { Failure } from './Failure.tsx';
import { TellMe } from './TellMe.tsx';
import { Waiting } from './Waiting.tsx';

export function JobPage() {
  const { id = '' } = useParams();
  return <WatchedJob key={id} id={id as JobId} />;
}

function WatchedJob({ id }: { id: JobId }) {
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  useRoom(id);
  useFreshEta(id, job !== undefined && !isOver(job.state) && job.state !== 'ready');
  if (job !== undefined) return <Job job={job} />;
  if (error === null) return <Loading />;
  if (isStatus(error, 404) || isStatus(error, 400)) {
    return (
      <Empty
        page
        title="This job is not here"
        text="It may have been deleted."
        action={
          <Button component={Link} to="/">
            To the jobs
          </Button>
        }
      />
    );
  }
  return (
    <Empty
      page
      title="The job cannot be shown"
      text={sentenceOf(error)}
      action={<Button onClick={() => void refetch()}>Try again</Button>}
    />
  );
}

const ETA_MS = 4_000;

/** The ETA comes in no patch. Not `refetchInterval`, which every patch would wind up anew. */
function useFreshEta(id: string, wanted: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => void queries.invalidateQueries({ ...jobQuery(id), exact: true }), ETA_MS);
    return () => clearInterval(timer);
  }, [queries, id, wanted]);
}

function Job({ job }: { job: JobDetail }) {
  const kind = siteKind(job.kind);
  const preparing = kind?.words.preparing;
  return (
    <>
      <PageHead
        title={job.name}
        tab={tabOf(job, preparing)}
        sub={<StateBadge job={job} preparing={preparing} />}
      >
        <Actions job={job} />
      </PageHead>
      <div className={classes.stack}>
        <TellMe job={job} />
        <Waiting job={job} />
        <DueBy job={job} />
        {job.state === 'failed' && <Failure job={job} title={kind?.words.failed(job) ?? 'This job failed'} />}
        {job.state === 'canceled' && job.problem !== null && (
          <p role="status" className={classes.stopped}>
            {job.problem.message}
          </p>
        )}
        {kind === null ? <UnknownKind job={job} /> : <kind.Job.Part job={job} />}
      </div>
    </>
  );
}

/** A job of a kind that a newer farm knows and this page does not. */
function UnknownKind({ job }: { job: JobDetail }) {
  return (
    <>
      <p>This page does not know jobs of the kind “{job.kind}”. Reload it; the farm may be newer.</p>
      <Notes job={job} />
    </>
  );
}

/** The tab tells how far the job is while another one is in front. */
function tabOf(job: JobDetail, preparing: string | undefined): string {
  return job.state === 'running' && job.fraction > 0
    ? `${formatPercent(job.fraction)} ${job.name}`
    : `${stateText(job, preparing)}: ${job.name}`;
}

function Loading() {
  return (
    <div role="status" aria-busy="true" aria-label="Loading the job" className={classes.stack}>
      <Skeleton width="40%" height={34} radius={8} />
      <div className={classes.hero}>
        <Skeleton height={420} radius={16} />
        <Skeleton height={420} radius={16} />
      </div>
      <Skeleton height={180} radius={16} />
    </div>
  );
}
