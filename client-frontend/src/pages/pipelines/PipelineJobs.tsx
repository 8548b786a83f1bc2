import { Button } from '@mantine/core';
import type { PipelineJob } from '@parallel-pilot/shared/api/pipelines.ts';
import { useState } from 'react';
import { Link } from 'react-router';
import { Bar } from '../../components/Bar.tsx';
import { formatCount } from '../../components/format.ts';
import { StateBadge } from '../../components/StateBadge.tsx';
import { siteKind } from '../../kinds/registry.ts';
import classes from './Pipelines.module.css';

type PipelineJobsProps = { jobs: readonly PipelineJob[]; all: readonly PipelineJob[] };

const FIRST = 50;

/** What the graph shows, as a table: those that failed and what runs come first where they are many. */
export function PipelineJobs({ jobs, all }: PipelineJobsProps) {
  const [whole, setWhole] = useState(false);
  const names = new Map(all.map(({ name, job }) => [job.id, name]));
  const many = jobs.length > FIRST;
  const shown = many && !whole ? jobs.toSorted(byUrgency).slice(0, FIRST) : jobs;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className={classes.jobs} aria-label="Jobs of the pipeline" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">State</th>
              <th scope="col">Done</th>
              <th scope="col">Runs after</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={one.job.id} member={one} names={names} />
            ))}
          </tbody>
        </table>
      </section>
      {many && !whole && (
        <Button variant="default" size="xs" mt="sm" onClick={() => setWhole(true)}>
          Show all {formatCount(jobs.length)}
        </Button>
      )}
    </>
  );
}

const URGENT: Partial<Record<PipelineJob['job']['state'], number>> = { failed: 0, running: 1, assembling: 1 };
const byUrgency = (a: PipelineJob, b: PipelineJob): number =>
  (URGENT[a.job.state] ?? 2) - (URGENT[b.job.state] ?? 2);

const HOW = { success: '', failure: ', should it fail', always: ', however it ends' };
const MOST_NAMED = 4;

function Row({ member, names }: { member: PipelineJob; names: ReadonlyMap<string, string> }) {
  const { name, job, after } = member;
  const named = after.slice(0, MOST_NAMED).map((one) => `${names.get(one.job) ?? '?'}${HOW[one.on]}`);
  const more = after.length - named.length;
  return (
    <tr>
      <td>
        <Link to={`/jobs/${job.id}`}>{name}</Link>
        {job.name !== name && <small>{job.name}</small>}
      </td>
      <td>
        <StateBadge job={job} preparing={siteKind(job.kind)?.words.preparing} />
        {job.problem !== null && <small data-bad>{job.problem.message}</small>}
      </td>
      <td>
        <Bar label={`Progress of ${name}`} fraction={job.fraction} height={6} />
      </td>
      <td>
        {named.join('; ')}
        {more > 0 && ` and ${formatCount(more)} more`}
      </td>
    </tr>
  );
}
