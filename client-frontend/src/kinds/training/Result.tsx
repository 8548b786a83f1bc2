import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { artifactsQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { type Artifact, Downloads } from '../../job/Downloads.tsx';
import classes from '../../job/Job.module.css';

/** What there is to download of a training that is over, the model first. */
export function Result({ job }: { job: JobDetail }) {
  const { data, error } = useQuery(artifactsQuery(job.id));
  const artifacts = (data?.artifacts ?? []).toSorted((a, b) => Number(isModel(b)) - Number(isModel(a)));
  const main = artifacts.find(isModel);
  if (error === null && artifacts.length === 0) return null;
  return (
    <section className={classes.result} aria-label="Result">
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      <Downloads artifacts={artifacts} main={main} labelOf={({ name }) => `Download ${name}`} />
    </section>
  );
}

const isModel = ({ name }: Artifact): boolean => /^model\b/i.test(name);
