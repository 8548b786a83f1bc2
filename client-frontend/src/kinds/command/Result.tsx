import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { GATHERED } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { useQuery } from '@tanstack/react-query';
import { artifactsQuery } from '../../api/job-queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { Downloads } from '../../job/Downloads.tsx';
import classes from '../../job/Job.module.css';
import { GatheredTable } from './GatheredTable.tsx';

/** What there is of a command that is over: all that its runs left, and the table that was made of it. */
export function Result({ job }: { job: JobDetail }) {
  const { data, error } = useQuery(artifactsQuery(job.id));
  const artifacts = data?.artifacts ?? [];
  const view = artifacts.find(({ name }) => name === GATHERED.view);
  const files = artifacts.filter((one) => one !== view);
  const gathered = files.filter(({ name }) => Object.values<string>(GATHERED).includes(name));
  if (error === null && artifacts.length === 0) return null;
  return (
    <>
      <section className={classes.result} aria-label="Result">
        {error !== null && <p role="alert">{sentenceOf(error)}</p>}
        <Downloads
          artifacts={[...gathered, ...files.filter((one) => !gathered.includes(one))]}
          main={gathered.length > 0 ? gathered : files}
          labelOf={({ name }) => `Download ${name}`}
        />
      </section>
      {view !== undefined && <GatheredTable url={view.url} />}
    </>
  );
}
