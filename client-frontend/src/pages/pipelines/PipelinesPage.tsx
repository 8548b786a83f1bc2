import { Button, Skeleton } from '@mantine/core';
import type { PipelineSummary } from '@parallel-pilot/shared/api/pipelines.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { sentenceOf } from '../../api/request.ts';
import { useNow } from '../../components/clock.ts';
import { Empty } from '../../components/Empty.tsx';
import { formatAgo } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { useRoom } from '../../live/LiveProvider.tsx';
import classes from './Pipelines.module.css';
import { pipelinesQuery } from './pipeline-queries.ts';
import { standingOf } from './standing.ts';
import { Templates } from './Templates.tsx';

/** The team's pipelines, newest first: /pipelines. */
export function PipelinesPage() {
  useRoom('jobs');
  const list = useInfiniteQuery(pipelinesQuery());
  const now = useNow(10_000);
  const pipelines = list.data?.pages.flatMap((page) => page.pipelines);
  return (
    <>
      <PageHead title="Pipelines" sub="Jobs that wait for each other">
        <Button component={Link} to="/" variant="default">
          All jobs
        </Button>
      </PageHead>
      <Templates />
      {pipelines === undefined && list.error === null && <Skeleton height={220} radius={16} />}
      {pipelines === undefined && list.error !== null && (
        <Empty
          title="The pipelines cannot be shown"
          text={sentenceOf(list.error)}
          action={<Button onClick={() => void list.refetch()}>Try again</Button>}
        />
      )}
      {pipelines?.length === 0 && (
        <Empty
          title="No pipeline yet"
          text="Write jobs that wait for each other into one file, and hand it over: pilot submit pipeline.yaml"
        />
      )}
      {pipelines !== undefined && pipelines.length > 0 && (
        <ul className={classes.list}>
          {pipelines.map((one) => (
            <Row key={one.id} pipeline={one} now={now} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button variant="default" mt="md" loading={list.isFetching} onClick={() => void list.fetchNextPage()}>
          Older ones
        </Button>
      )}
    </>
  );
}

function Row({ pipeline, now }: { pipeline: PipelineSummary; now: number }) {
  return (
    <li>
      <Link to={`/pipelines/${pipeline.id}`} data-state={pipeline.state}>
        <strong>{pipeline.name}</strong>
        <span>{standingOf(pipeline)}</span>
        <small>{formatAgo(pipeline.createdAt, now)}</small>
      </Link>
    </li>
  );
}
