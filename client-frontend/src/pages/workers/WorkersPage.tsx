import { Button, Skeleton } from '@mantine/core';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { useQuery } from '@tanstack/react-query';
import { workersQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useNow } from '../../components/clock.ts';
import { Empty } from '../../components/Empty.tsx';
import { plural } from '../../components/format.ts';
import { PageHead } from '../../components/PageHead.tsx';
import { useFetched } from '../../components/use-fetched.ts';
import { MACHINES } from '../../kinds/registry.ts';
import { useRoom } from '../../live/LiveProvider.tsx';
import { Join } from './Join.tsx';
import { nameOf } from './Standing.tsx';
import { WorkerCard } from './WorkerCard.tsx';
import classes from './Workers.module.css';

// A farm of one machine's user has none.
const joinTokens = async () => (await import('./JoinTokens.tsx')).JoinTokens;

// Only who looks after the farm is shown it.
const farmLoad = async () => (await import('../load/FarmLoad.tsx')).FarmLoad;

const ORDER = { online: 0, draining: 1, offline: 2 } as const;

export function WorkersPage() {
  const { data, error, refetch } = useQuery(workersQuery());
  useRoom('workers');
  const now = useNow(5_000);
  const accounts = useSession()?.mode !== 'local';
  const lends = useMay()('workers.lend');
  const FarmLoad = useFetched(farmLoad, useMay()('load.see'));
  const JoinTokens = useFetched(joinTokens, accounts && lends);
  const workers = data?.workers.toSorted(
    (a, b) =>
      ORDER[a.status] - ORDER[b.status] || nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }),
  );
  return (
    <>
      <PageHead title="Workers" sub={workers === undefined ? '\u00a0' : summary(workers)} />
      <div className={classes.page}>
        {workers === undefined && error === null && <Loading />}
        {workers === undefined && error !== null && (
          <Empty
            title="The workers cannot be shown"
            text={sentenceOf(error)}
            action={<Button onClick={() => void refetch()}>Try again</Button>}
          />
        )}
        {workers?.length === 0 && (
          <Empty
            title="No worker yet"
            text={`A worker is any machine with ${MACHINES}. Run the lines below there, and it takes part at once.`}
          />
        )}
        {workers !== undefined && workers.length > 0 && (
          <ul className={classes.cards}>
            {workers.map((worker) => (
              <li key={worker.id}>
                <WorkerCard worker={worker} now={now} lent={accounts} />
              </li>
            ))}
          </ul>
        )}
        {FarmLoad !== null && <FarmLoad />}
        {accounts ? JoinTokens !== null && <JoinTokens /> : <Join />}
      </div>
    </>
  );
}

function summary(workers: WorkerView[]): string {
  const online = workers.filter((worker) => worker.status !== 'offline');
  const busy = online.filter((worker) => worker.running.length > 0).length;
  const offline = workers.length - online.length;
  const parts = [`${plural(online.length, 'worker')} connected`, `${busy} at work`];
  return [...parts, ...(offline > 0 ? [`${offline} away`] : [])].join(' · ');
}

function Loading() {
  return (
    <div role="status" aria-busy="true" aria-label="Loading the workers" className={classes.cards}>
      <Skeleton height={250} radius={16} />
      <Skeleton height={250} radius={16} />
      <Skeleton height={250} radius={16} />
    </div>
  );
}
