import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { workersQuery } from '../../api/queries.ts';
import { formatAgo } from '../../components/format.ts';
import { Panel } from '../../components/Panel.tsx';
import classes from '../people/People.module.css';
import { WORKS_FOR } from '../workers/works-for.ts';

/** The machines that those in the team lend. */
export function Machines() {
  const lent = (useQuery(workersQuery()).data?.workers ?? []).filter(({ ofTeam }) => ofTeam);
  const now = Date.now();
  return (
    <Panel title="Machines lent" aside={String(lent.length)}>
      {lent.length === 0 && <p className={classes.empty}>Nobody of this team lends a machine yet.</p>}
      <ul className={classes.rows}>
        {lent.map((worker) => (
          <li key={worker.id} className={classes.row}>
            <div className={classes.main}>
              <Link to={`/workers/${worker.id}`}>{worker.label ?? worker.name}</Link>
              <small>
                {worker.lender === null ? '' : `${worker.lender.person.name} · `}
                {WORKS_FOR[worker.worksFor].short}
              </small>
            </div>
            <span>
              {worker.status === 'offline' ? `seen ${formatAgo(worker.lastSeenAt, now)}` : 'Connected'}
            </span>
          </li>
        ))}
      </ul>
      <p className={classes.note}>
        <Link to="/workers">Lend a machine</Link>
      </p>
    </Panel>
  );
}
