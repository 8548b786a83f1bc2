import { Button } from '@mantine/core';
import type { WorkerChange } from '@parallel-pilot/shared/api/machines.ts';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import { useNavigate } from 'react-router';
import { workersQuery } from '../../api/queries.ts';
import { AskedButton } from '../people/AskedButton.tsx';
import { changeWorker, removeWorker } from '../people/machines.ts';
import { useChange } from '../people/use-change.ts';
import { nameOf } from './Standing.tsx';

const changes = [workersQuery().queryKey];

export function WorkerActions({ worker }: { worker: WorkerView }) {
  const navigate = useNavigate();
  const change = useChange((body: WorkerChange) => changeWorker(worker.id, body), { changes });
  const remove = useChange(() => removeWorker(worker.id), {
    changes,
    onDone: () => void navigate('/workers'),
  });
  const name = nameOf(worker);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={change.isPending}
        onClick={() => change.mutate({ disabled: !worker.disabled })}
      >
        {worker.disabled ? 'Enable' : 'Disable'}
      </Button>
      {worker.status === 'online' && (
        <AskedButton
          label="Drain"
          title={`Drain ${name}?`}
          text="It finishes what it has begun, hands it in, and ends. It is started again on the machine itself."
          go="Drain"
          working={change.isPending}
          onGo={() => change.mutate({ draining: true })}
        />
      )}
      <AskedButton
        label="Remove"
        title={`Remove ${name}?`}
        text="Its credential is revoked, and what it is working on goes back to the queue. It has to join anew."
        go="Remove"
        working={remove.isPending}
        onGo={() => remove.mutate()}
      />
    </>
  );
}
