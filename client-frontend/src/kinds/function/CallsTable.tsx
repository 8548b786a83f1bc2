import { Button, Switch } from '@mantine/core';
import type { CallRecord } from '@parallel-pilot/shared/kinds/function/calls.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../api/request.ts';
import { formatClock } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from './Function.module.css';
import { callsQuery } from './queries.ts';

const STATES: Record<CallRecord['state'], string> = {
  waiting: 'Waits',
  running: 'Runs',
  done: 'Done',
  failed: 'Failed',
};

/** The calls of a function, the newest first, with what each printed. */
export function CallsTable({ name }: { name: string }) {
  const [failed, setFailed] = useState(false);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    callsQuery(name, failed),
  );
  const calls = data?.pages.flatMap((page) => page.calls) ?? [];
  return (
    <Panel
      title="Calls"
      aside={
        <Switch
          size="sm"
          label="Only failed ones"
          checked={failed}
          onChange={({ currentTarget }) => setFailed(currentTarget.checked)}
        />
      }
    >
      {error !== null && <p role="alert">{sentenceOf(error)}</p>}
      {data !== undefined && calls.length === 0 && (
        <p className={classes.quiet}>{failed ? 'None has failed.' : 'It was not called yet.'}</p>
      )}
      {calls.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <section className={classes.box} tabIndex={0} aria-label="Table of calls">
          <table data-wide>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Outcome</th>
                <th scope="col">Took</th>
                <th scope="col">Version</th>
                <th scope="col">Said</th>
              </tr>
            </thead>
            <tbody>
              {calls.map((call) => (
                <Row key={call.id} call={call} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {hasNextPage && (
        <div className={classes.row}>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Row({ call }: { call: CallRecord }) {
  return (
    <tr>
      <td data-short title={call.id}>
        {formatClock(call.createdAt, true)}
      </td>
      <td data-short>{STATES[call.state]}</td>
      <td data-short>{call.ms === null ? '' : `${call.ms.toFixed(1)} ms`}</td>
      <td>{call.version}</td>
      <td>
        {call.message}
        {call.log.trim() !== '' && <pre className={classes.said}>{call.log.trimEnd()}</pre>}
      </td>
    </tr>
  );
}
