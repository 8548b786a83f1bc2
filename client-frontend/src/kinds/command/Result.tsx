import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { GATHERED } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { useQuery } from '@tanstack/react-query';
import { artifactsQuery } from '../../api/job-queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { type Artifact, Downloads, OtherDownloads } from '../../job/Downloads.tsx';
import classes from '../../job/Job.module.css';
import { ShownFiles } from '../../job/ShownFiles.tsx';
import { commandOf } from './command-job.ts';
import { GatheredTable } from './GatheredTable.tsx';

/** What there is of a command that is over: all that its runs left, and the table that was made of it. */
export function Result({ job }: { job: JobDetail }) {
  const { data, error } = useQuery(artifactsQuery(job.id));
  const artifacts = data?.artifacts ?? [];
  const { gather } = commandOf(job).settings;
  // A file of that name that a command of one's own made is one like any other.
  const view = gather === 'csv' ? artifacts.find(({ name }) => name === GATHERED.view) : undefined;
  const files = artifacts.filter((one) => one !== view);
  const gathered = files.filter((one) => !isMadeWhenAsked(one));
  const main = gathered.length > 0 ? gathered : files.slice(0, 1);
  if (error === null && artifacts.length === 0) return null;
  return (
    <>
      <section className={classes.result} aria-label="Result">
        {error !== null && <p role="alert">{sentenceOf(error)}</p>}
        <Downloads
          artifacts={[...gathered.slice(0, MOST_BUTTONS), ...files.filter(isMadeWhenAsked)]}
          main={main}
          labelOf={({ name }) => `Download ${name}`}
        />
        <OtherDownloads artifacts={gathered.slice(MOST_BUTTONS)} />
      </section>
      {view !== undefined && <GatheredTable url={view.url} />}
      {view === undefined && <ShownFiles files={files} />}
    </>
  );
}

const MOST_BUTTONS = 6;
/** An archive, which is packed while it is sent. */
const isMadeWhenAsked = ({ size }: Artifact): boolean => size === null;
