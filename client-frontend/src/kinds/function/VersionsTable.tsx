import { Button } from '@mantine/core';
import { FunctionSummary, type FunctionVersion } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { request, sentenceOf } from '../../api/request.ts';
import { useMay } from '../../api/session.ts';
import { formatAgo, formatClock } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './Function.module.css';
import { pathOf, versionsQuery } from './queries.ts';

/** The versions of a function, any of which may be made the active one. */
export function VersionsTable({ name }: { name: string }) {
  const may = useMay();
  const queries = useQueryClient();
  const { data } = useQuery(versionsQuery(name));
  const turn = useMutation({
    mutationFn: (version: number) =>
      request(FunctionSummary, pathOf(name, '/rollback'), { method: 'POST', body: { version } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['function', name] }),
  });
  return (
    <Panel title="Versions">
      {turn.error !== null && <p role="alert">{sentenceOf(turn.error)}</p>}
      {data?.versions.map(
        ({ version, note, triedAgainAt: at }) =>
          note !== null && (
            <p key={version}>
              {note}
              {at !== null &&
                (at <= Date.now()
                  ? ' It is about to be tried again.'
                  : ` It is tried again at ${formatClock(at, true)}.`)}
            </p>
          ),
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section className={classes.box} tabIndex={0} aria-label="Table of versions">
        <table>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Deployed</th>
              <th scope="col">Instances</th>
              <th scope="col">Calls go to</th>
            </tr>
          </thead>
          <tbody>
            {(data?.versions ?? []).map((one) => (
              <tr key={one.version}>
                <th scope="row">{one.version}</th>
                <td>{formatAgo(one.createdAt, Date.now())}</td>
                <td>{jobLink(one)}</td>
                <td>
                  {one.takesCalls ? (
                    'this one'
                  ) : one.active ? (
                    'not this one yet'
                  ) : (
                    <Button
                      size="compact-sm"
                      variant="default"
                      disabled={!may('jobs.steer', true)}
                      loading={turn.isPending && turn.variables === one.version}
                      onClick={() => turn.mutate(one.version)}
                      aria-label={`Send calls to version ${one.version}`}
                    >
                      Send here
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}

const jobLink = ({ job }: FunctionVersion) =>
  job === null ? 'none yet' : <Link to={`/jobs/${job}`}>their job</Link>;
