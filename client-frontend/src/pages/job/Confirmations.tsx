import { Button, Group, Modal, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { deleteJob } from '../../api/farm.ts';
import { dropJob } from '../../live/job-rows.ts';
import { showProblem } from './job-command.ts';

type Asked = { opened: boolean; onClose(): void };

export function ConfirmCancel({ opened, onClose, onConfirm }: Asked & { onConfirm(): void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Cancel this job?" centered>
      <Text>
        Frames that are done stay and can be downloaded. The rest is not rendered, until you take it up again.
      </Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          Go on rendering
        </Button>
        <Button
          color="berry"
          onClick={() => {
            onConfirm();
            onClose();
          }}
        >
          Cancel the job
        </Button>
      </Group>
    </Modal>
  );
}

export function ConfirmDelete({ job, opened, onClose }: Asked & { job: JobDetail }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteJob(job.id),
    onSuccess: () => {
      dropJob(queries, job.id);
      void navigate('/');
      queries.removeQueries({ queryKey: ['job', job.id] });
      notifications.show({ message: `${job.name} is deleted.` });
    },
    onError: showProblem,
  });
  return (
    <Modal opened={opened} onClose={onClose} title={`Delete ${job.name}?`} centered>
      <Text>Its frames and video are deleted with it. This cannot be undone.</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep it
        </Button>
        <Button color="berry" loading={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
