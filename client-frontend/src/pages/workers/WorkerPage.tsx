import { Button, Skeleton } from '@mantine/core';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { workersQuery } from '../../api/queries.ts';
import { sentenceOf } from '../../api/request.ts';
import { useSession } from '../../api/session.ts';
import { useNow } from '../../components/clock.ts';
import { Empty } from '../../components/Empty.tsx';
import { PageHead } from '../../components/PageHead.tsx';
import { useRoom } from '../../live/LiveProvider.tsx';
import people from '../people/People.module.css';
import { History } from './History.tsx';
import { LendingSettings } from './LendingSettings.tsx';
import { LoadPanel } from './LoadPanel.tsx';
import { OfferPanel } from './OfferPanel.tsx';
import { nameOf, Standing } from './Standing.tsx';
import { WorkerActions } from './WorkerActions.tsx';
import { WorkerCard } from './WorkerCard.tsx';
import { WorkerSettings } from './WorkerSettings.tsx';

/** One machine: what it does, what it did, and whoever may change it says how it works. */
export function WorkerPage() {
  const { id = '' } = useParams();
  const { data, error, refetch } = useQuery(workersQuery());
  useRoom('workers');
  const worker = data?.workers.find((one) => one.id === id);
  if (worker !== undefined) return <Worker key={worker.id} worker={worker} />;
  if (data === undefined && error === null)
    return <Skeleton height={320} radius={16} role="status" aria-label="Loading the worker" />;
  if (data === undefined) {
    return (
      <Empty
        page
        title="The worker cannot be shown"
        text={sentenceOf(error)}
        action={<Button onClick={() => void refetch()}>Try again</Button>}
      />
    );
  }
  return (
    <Empty
      page
      title="This worker is not here"
      text="It may have been removed."
      action={
        <Button component={Link} to="/workers">
          To the workers
        </Button>
      }
    />
  );
}

function Worker({ worker }: { worker: WorkerView }) {
  const now = useNow(5_000);
  const accounts = useSession()?.mode !== 'local';
  return (
    <>
      <PageHead title={nameOf(worker)} tab={`Worker ${nameOf(worker)}`} sub={<Standing worker={worker} />}>
        {worker.mayChange && <WorkerActions worker={worker} />}
      </PageHead>
      <div className={people.columns}>
        <div className={people.stack}>
          <WorkerCard worker={worker} now={now} lent={accounts} />
          <OfferPanel worker={worker} />
          {worker.ofTeam && <LoadPanel id={worker.id} memoryBytes={worker.machine.memoryBytes} />}
        </div>
        <div className={people.stack}>
          {worker.mayChange && <WorkerSettings worker={worker} lent={accounts} />}
          {worker.mayChange && worker.lending !== null && <LendingSettings worker={worker} />}
          <History id={worker.id} />
        </div>
      </div>
    </>
  );
}
