import { Button, Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link, useParams } from 'react-router';
import { sentenceOf } from '../../api/request.ts';
import { useNow } from '../../components/clock.ts';
import { Empty } from '../../components/Empty.tsx';
import { Facts } from '../../components/Facts.tsx';
import { formatAgo } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { Panel } from '../../components/Panel.tsx';
import { useFetched } from '../../components/use-fetched.ts';
import { useRoom } from '../../live/LiveProvider.tsx';
import { graphOf } from './graph-of.ts';
import { PipelineActions } from './PipelineActions.tsx';
import { PipelineJobs } from './PipelineJobs.tsx';
import classes from './Pipelines.module.css';
import { pipelineQuery } from './pipeline-queries.ts';
import { standingOf } from './standing.ts';

/** A pipeline as a graph of its jobs with how each stands: /pipelines/:id. */
export function PipelinePage() {
  const { id = '' } = useParams();
  useRoom('jobs');
  const { data, error } = useQuery(pipelineQuery(id));
  if (data !== undefined) return <Pipeline key={id} pipeline={data} />;
  if (error === null) return <Skeleton height={420} radius={16} aria-label="Loading the pipeline" />;
  return (
    <Empty
      page
      title="This pipeline is not here"
      text={sentenceOf(error)}
      action={
        <Button component={Link} to="/pipelines">
          To the pipelines
        </Button>
      }
    />
  );
}

// The library that draws it is larger than all the rest of the page.
const graphPart = async () => (await import('./PipelineGraph.tsx')).PipelineGraph;

/** A matrix of more jobs than these is one node of the graph. */
const MOST_BESIDE = { wide: 4, narrow: 2 };

function Pipeline({ pipeline }: { pipeline: PipelineDetail }) {
  const Graph = useFetched(graphPart, true);
  const now = useNow(10_000);
  const narrow = useMediaQuery('(max-width: 700px)') ?? false;
  const [chosen, choose] = useState<string | null>(null);
  const { jobs, name, parameters, source, createdAt } = pipeline;
  const graph = useMemo(() => graphOf(jobs, MOST_BESIDE[narrow ? 'narrow' : 'wide']), [jobs, narrow]);
  const given = Object.entries(parameters);
  const listed = chosen === null ? jobs : jobs.filter(({ matrix }) => matrix === chosen);
  return (
    <>
      <PageHead
        title={name}
        tab={`${name}, pipeline`}
        sub={
          <span role="status">
            {standingOf(pipeline)} · submitted {formatAgo(createdAt, now)}
          </span>
        }
      >
        <PipelineActions pipeline={pipeline} />
      </PageHead>
      <div className={classes.stack}>
        <Panel title="Graph" aside="A job opens its page; a matrix lists its jobs below">
          {Graph === null ? (
            <Skeleton height={220} radius={12} />
          ) : (
            <Graph graph={graph} chosen={chosen} onChoose={choose} />
          )}
        </Panel>
        <Panel
          title={chosen === null ? 'Jobs' : `Jobs of ${chosen}`}
          aside={
            chosen !== null && (
              <Button size="compact-sm" variant="default" onClick={() => choose(null)}>
                Show all jobs
              </Button>
            )
          }
        >
          <PipelineJobs jobs={listed} all={jobs} />
        </Panel>
        {given.length > 0 && (
          <Panel title="Parameters">
            <Facts facts={given} />
          </Panel>
        )}
        {source !== null && (
          <Panel title="As submitted" aside={source.name}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
            <pre className={classes.source} tabIndex={0}>
              {source.text}
            </pre>
          </Panel>
        )}
      </div>
    </>
  );
}
