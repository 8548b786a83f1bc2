import { Button } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { IconPlayerTrackNext } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { getSubmission } from '../../api/get-submission.ts';
import { useMay } from '../../api/session.ts';
import classes from '../../job/Job.module.css';
import { showProblem } from '../../job/job-command.ts';
import { trainOn } from './again.ts';

/** Opens the form of a training that goes on from this one's best model. */
export function TrainOn({ job }: { job: JobDetail }) {
  const navigate = useNavigate();
  const submits = useMay()('jobs.submit');
  const open = useMutation({
    mutationFn: async () => trainOn(await getSubmission(job.id), job.id),
    onSuccess: (to) => navigate(to),
    onError: showProblem,
  });
  if (!submits) return null;
  return (
    <div className={classes.downloads}>
      <Button
        variant="default"
        leftSection={<IconPlayerTrackNext size={17} aria-hidden />}
        loading={open.isPending}
        onClick={() => open.mutate()}
      >
        Train on from here
      </Button>
    </div>
  );
}
