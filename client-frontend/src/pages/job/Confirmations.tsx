import { Button, Group, Modal, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { deleteJob } from '../../api/farm.ts';
import { showProblem } from '../../job/job-command.ts';
import { siteKind } from '../../kinds/registry.ts';
import { dropJob } from '../../live/job-rows.ts';

type Asked = { opened: boolean; onClose(): void };

type ConfirmCancelProps = Asked & { kind: string; onConfirm(): void };

export function ConfirmCancel({ kind, opened, onClose, onConfirm }: ConfirmCancelProps) {
  const words = siteKind(kind)?.words;
  return (
    <Modal opened={opened} onClose={onClose} title="Cancel this job?" centered>
      <Text>{words?.cancel ?? 'What is done stays. The rest is not done, until you take it up again.'}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          {words?.goOn ?? 'Go on'}
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
      <Text>
        {siteKind(job.kind)?.words.remove ?? 'Its results are deleted with it.'} This cannot be undone.
      </Text>
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
