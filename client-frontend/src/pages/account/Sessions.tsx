import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import { endOtherSessions, endSession } from '../people/auth.ts';
import classes from '../people/People.module.css';
import { sessionsQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { useChange } from '../people/use-change.ts';
import { browserOf } from './browser-of.ts';

const changes = [sessionsQuery().queryKey];

/** Where the account is signed in. */
export function Sessions() {
  const { data, error } = useQuery(sessionsQuery());
  const end = useChange(endSession, { changes });
  const endOthers = useChange(endOtherSessions, { changes });
  const now = Date.now();
  const sessions = data?.sessions ?? [];
  return (
    <Panel title="Signed in">
      {data === undefined && <Refused error={error} />}
      <ul className={classes.rows}>
        {sessions.map((session) => (
          <li key={session.id} className={classes.row}>
            <div className={classes.main}>
              <b>{browserOf(session.userAgent)}</b>
              {session.current && <span className={classes.mark}>this one</span>}
              <small>
                {session.address === '' ? '' : `From ${session.address}, `}since{' '}
                {formatAgo(session.createdAt, now)}
              </small>
            </div>
            {!session.current && (
              <div className={classes.side}>
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`End the session of ${browserOf(session.userAgent)}, since ${formatAgo(session.createdAt, now)}`}
                  loading={end.isPending && end.variables === session.id}
                  onClick={() => end.mutate(session.id)}
                >
                  End
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {sessions.length > 1 && (
        <div className={classes.actions}>
          <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
            End all others
          </Button>
        </div>
      )}
    </Panel>
  );
}
