import { useQueries } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { jobQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { Empty } from '../../components/Empty.tsx';
import { plural } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { MOST_COMPARED } from '../../job/comparable.ts';
import { siteKind } from '../../kinds/registry.ts';

/** Jobs of one kind side by side: /compare?job=…&job=… */
export function ComparePage() {
  const [address] = useSearchParams();
  const ids = [...new Set(address.getAll('job'))].slice(0, MOST_COMPARED);
  const answers = useQueries({ queries: ids.map(jobQuery) });
  const jobs = answers.flatMap(({ data }) => data ?? []);
  const error = answers.find((answer) => answer.error !== null)?.error ?? null;
  const there = jobs.map((job) => job.id as string);
  const kinds = new Set(jobs.map((job) => job.kind));
  const [kind] = kinds;
  const Compare = kind === undefined || kinds.size > 1 ? null : (siteKind(kind)?.Compare ?? null);
  const complete = answers.every(({ isPending }) => !isPending);
  return (
    <>
      <PageHead title="Compare" sub={ids.length > 0 ? plural(ids.length, 'job') : undefined} />
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      {complete && Compare !== null && there.length > 0 && <Compare.Part ids={there} />}
      {complete && (Compare === null || there.length === 0) && (
        <Empty
          title="Nothing to compare"
          text="Select two or more trainings in the list of jobs."
          action={<Link to="/">To the jobs</Link>}
        />
      )}
    </>
  );
}
