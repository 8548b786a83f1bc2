import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { RunList } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { formatCount, formatDuration, plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { useRefresh } from '../../job/use-refresh.ts';
import classes from './Command.module.css';
import { commandOf } from './command-job.ts';
import { runsQuery } from './queries.ts';
import { FileNames, filesOf, OpenedFile } from './RunFiles.tsx';

type Run = RunList['runs'][number];

const PARTS = ['runs'];

/** Each run that is done, with its parameters and the files that it left. */
export function RunsTable({ job }: { job: JobDetail }) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(runsQuery(job.id));
  useRefresh(job, PARTS);
  const runs = data?.pages.flatMap((page) => page.runs) ?? [];
  const names = commandOf(job).parameters;
  return (
    <Panel title="Runs" aside={plural(commandOf(job).runs.total, 'run')}>
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      {error === null && runs.length === 0 && (
        <p className={classes.quiet}>
          {isOver(job.state) ? 'No run was done.' : 'They are listed here as they are done.'}
        </p>
      )}
      {runs.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <section className={classes.box} tabIndex={0} aria-label="Table of runs">
          <table>
            <thead>
              <tr>
                <th scope="col">Run</th>
                {names.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
                <th scope="col">Time</th>
                <th scope="col">Files</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <Row key={run.run} job={job.id} run={run} names={names} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {hasNextPage && (
        <Button
          className={classes.more}
          variant="default"
          loading={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </Panel>
  );
}

function Row({ job, run, names }: { job: string; run: Run; names: readonly string[] }) {
  const [opened, setOpened] = useState<string | null>(null);
  const files = filesOf(job, run);
  const file = files.find(({ name }) => name === opened);
  return (
    <>
      <tr>
        <th scope="row">{formatCount(run.run)}</th>
        {names.map((name) => (
          <td key={name}>{run.values[name]}</td>
        ))}
        <td>{formatDuration(run.seconds * 1_000)}</td>
        <td>
          <FileNames files={files} opened={opened} onOpen={setOpened} />
        </td>
      </tr>
      {file !== undefined && <OpenedFile file={file} columns={names.length + 3} />}
    </>
  );
}
