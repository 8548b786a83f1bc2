import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconRepeat } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { getSubmission } from '../../api/get-submission.ts';
import { showProblem } from '../../job/job-command.ts';
import { siteKind } from '../../kinds/registry.ts';

/** The same job once more, with settings that can be changed first; `otherwise` where its kind has no form for that. */
export function Again({ job, otherwise = null }: { job: JobDetail; otherwise?: ReactNode }) {
  const navigate = useNavigate();
  const kind = siteKind(job.kind);
  const again = useMutation({
    mutationFn: async () => kind?.again?.(await getSubmission(job.id)),
    onSuccess: (to) => to !== undefined && navigate(to),
    onError: showProblem,
  });
  if (kind?.again == null) return otherwise;
  return (
    <Button
      variant="default"
      leftSection={<IconRepeat size={17} aria-hidden />}
      loading={again.isPending}
      onClick={() => again.mutate()}
    >
      Again with changes
    </Button>
  );
}
