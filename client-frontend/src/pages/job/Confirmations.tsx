import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RefObject } from 'react';
import { useNavigate } from 'react-router';
import { deleteJob } from '../../api/farm.ts';
import { notify } from '../../app/notify.ts';
import { Ask } from '../../components/Ask.tsx';
import { showProblem } from '../../job/job-command.ts';
import { siteKind } from '../../kinds/registry.ts';
import { dropJob } from '../../live/job-rows.ts';

type Asked = { opened: boolean; returnTo: RefObject<HTMLElement | null>; onClose(): void };

type ConfirmCancelProps = Asked & { kind: string; onConfirm(): void };

export function ConfirmCancel({ kind, opened, returnTo, onClose, onConfirm }: ConfirmCancelProps) {
  const words = siteKind(kind)?.words;
  return (
    <Ask
      opened={opened}
      title="Cancel this job?"
      text={words?.cancel ?? 'What is done stays. The rest is not done, until you take it up again.'}
      keep={words?.goOn ?? 'Go on'}
      go="Cancel the job"
      returnTo={returnTo}
      onClose={onClose}
      onGo={() => {
        onConfirm();
        onClose();
      }}
    />
  );
}

export function ConfirmDelete({ job, opened, returnTo, onClose }: Asked & { job: JobDetail }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteJob(job.id),
    onSuccess: () => {
      dropJob(queries, job.id);
      void navigate('/');
      queries.removeQueries({ queryKey: ['job', job.id] });
      notify({ message: `${job.name} is deleted.` });
    },
    onError: showProblem,
  });
  return (
    <Ask
      opened={opened}
      title={`Delete ${job.name}?`}
      text={`${siteKind(job.kind)?.words.remove ?? 'Its results are deleted with it.'} This cannot be undone.`}
      keep="Keep it"
      go="Delete"
      working={remove.isPending}
      returnTo={returnTo}
      onClose={onClose}
      onGo={() => remove.mutate()}
    />
  );
}
