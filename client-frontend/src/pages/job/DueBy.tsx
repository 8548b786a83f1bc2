import { Button, Group } from '@mantine/core';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { momentInWords } from '@parallel-pilot/shared/model/end-words.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { patchJob } from '../../api/farm.ts';
import { jobQuery } from '../../api/queries.ts';
import { useNow } from '../../components/clock.ts';
import { MomentInput, usualMoments } from '../../components/MomentInput.tsx';
import { showProblem } from '../../job/job-command.ts';
import { useMayWith } from '../../job/may-with.ts';
import classes from './Waiting.module.css';

/** By when the job should be done, how that stands, and another time for it. */
export function DueBy({ job }: { job: JobDetail }) {
  const { deadline } = job;
  const now = useNow(10_000);
  const [changing, setChanging] = useState(false);
  const changes = useMayWith(job).prioritises && !isOver(job.state);
  if (deadline === null && !changes) return null;
  const bad = deadline !== null && ['close', 'missed', 'past'].includes(deadline.code);
  return (
    <section className={classes.waiting} aria-label="Deadline" data-waits={bad || undefined}>
      <Group gap="sm" align="baseline">
        {deadline !== null && (
          <p role="status">
            <b>Due {momentInWords(deadline.at, now)}.</b> {deadline.message}
          </p>
        )}
        {changes && !changing && (
          <Button size="compact-sm" variant="subtle" onClick={() => setChanging(true)}>
            {deadline === null ? 'Set a deadline' : 'Change'}
          </Button>
        )}
      </Group>
      {changing && <Change job={job} onClose={() => setChanging(false)} />}
    </section>
  );
}

function Change({ job, onClose }: { job: JobDetail; onClose: () => void }) {
  const queries = useQueryClient();
  const now = useNow(10_000);
  const [at, setAt] = useState(job.deadline?.at ?? null);
  const change = useMutation({
    mutationFn: (deadline: number | null) => patchJob(job.id, { deadline }),
    onSuccess: async () => {
      await queries.invalidateQueries(jobQuery(job.id));
      onClose();
    },
    onError: showProblem,
  });
  const over = at !== null && at <= now;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (at !== null && !over) change.mutate(at);
      }}
    >
      <Group gap="xs" align="end">
        <MomentInput
          label="Done by"
          value={at}
          onChange={setAt}
          error={over ? 'This time is over.' : undefined}
        />
        <Button type="submit" loading={change.isPending} disabled={at === null || over}>
          Save
        </Button>
        {usualMoments(now).map(({ label, at: usual }) => (
          <Button key={label} variant="default" onClick={() => setAt(usual)}>
            {label}
          </Button>
        ))}
        {job.deadline !== null && (
          <Button variant="default" onClick={() => change.mutate(null)}>
            No deadline
          </Button>
        )}
        <Button variant="subtle" color="gray" onClick={onClose}>
          Leave it
        </Button>
      </Group>
    </form>
  );
}
