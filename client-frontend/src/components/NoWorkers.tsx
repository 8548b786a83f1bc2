import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { workersQuery } from '../api/queries.ts';
import { MACHINES } from '../kinds/registry.ts';
import { useRoom } from '../live/LiveProvider.tsx';
import classes from './NoWorkers.module.css';

/** Says so, and what to do, where nobody is there to do the work. */
export function NoWorkers() {
  useRoom('workers');
  const workers = useQuery(workersQuery()).data?.workers;
  if (workers === undefined || workers.some((worker) => worker.status !== 'offline')) return null;
  return (
    <p className={classes.note} role="status">
      <b>No worker is connected, so jobs wait.</b> A worker is any machine with {MACHINES}, this one too.{' '}
      <Link to="/workers">See how one joins.</Link>
    </p>
  );
}
