import { useQuery } from '@tanstack/react-query';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from '../people/People.module.css';
import { usageQuery } from '../people/queries.ts';
import { Refused } from '../people/Refused.tsx';
import { UsesList } from '../people/UsesList.tsx';

/** Used and left, of the team and of oneself. */
export function TeamUsage({ id }: { id: string }) {
  const { data, error } = useQuery(usageQuery(id));
  const own = data !== undefined && Object.values(data.person).some(({ most }) => most !== null);
  return (
    <Panel title="Limits and use">
      {data === undefined && <Refused error={error} />}
      {data !== undefined && (
        <>
          <UsesList uses={data.team} />
          <p className={classes.note}>
            {data.retentionDays === null
              ? 'What jobs made is kept until somebody deletes it.'
              : `What jobs made is kept for ${plural(data.retentionDays, 'day')} after they are over.`}{' '}
            Limits are raised by an admin of the farm.
          </p>
          {own && (
            <>
              <p className={classes.note} style={{ marginBottom: 10 }}>
                Of you alone, in all your teams:
              </p>
              <UsesList uses={data.person} />
            </>
          )}
        </>
      )}
    </Panel>
  );
}
