import { Button, Group, Stack } from '@mantine/core';
import { JobOutlook, type OutlookQuestion } from '@parallel-pilot/shared/api/job-outlook.ts';
import { rangeInWords } from '@parallel-pilot/shared/model/end-words.ts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { request, sentenceOf } from '../../api/request.ts';
import { chosenDeadline, useChosenDeadline } from '../../app/deadline.ts';
import { useChosenPlacement } from '../../app/placement.ts';
import { useNow } from '../../components/clock.ts';
import { MomentInput, usualMoments } from '../../components/MomentInput.tsx';
import { Panel } from '../../components/Panel.tsx';
import classes from './WhichWorkers.module.css';

const ASK_MS = 5_000;

/** By when the job should be done; and before it is submitted, whether that can be. */
export function ByWhen({ kind }: { kind: OutlookQuestion['kind'] }) {
  const deadline = useChosenDeadline();
  const now = useNow(10_000);
  return (
    <Panel title="By when">
      <Stack gap="md">
        <MomentInput
          label="Done by"
          description="Left empty: no matter when. As this time comes near, the job goes before others of its priority."
          value={deadline}
          onChange={chosenDeadline.set}
          error={deadline !== null && deadline <= now ? 'This time is over.' : undefined}
        />
        <Group gap="xs">
          {usualMoments(now).map(({ label, at }) => (
            <Button key={label} size="xs" variant="default" onClick={() => chosenDeadline.set(at)}>
              {label}
            </Button>
          ))}
          {deadline !== null && (
            <Button size="xs" variant="subtle" color="gray" onClick={() => chosenDeadline.set(null)}>
              No deadline
            </Button>
          )}
        </Group>
        {deadline !== null && deadline > now && <Outlook kind={kind} deadline={deadline} now={now} />}
      </Stack>
    </Panel>
  );
}

type Asked = { kind: OutlookQuestion['kind']; deadline: number; now: number };

function Outlook({ kind, deadline, now }: Asked) {
  const placement = useChosenPlacement();
  const question: OutlookQuestion = { ...(kind === undefined ? {} : { kind }), deadline, placement };
  const { data, error } = useQuery({
    queryKey: ['outlook', question],
    queryFn: ({ signal }) =>
      request(JobOutlook, '/api/v1/jobs/outlook', { method: 'POST', body: question, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: ASK_MS,
  });
  const bad = data?.deadline?.code === 'missed' || data?.deadline?.code === 'close';
  return (
    <div className={classes.fit} role="status" data-none={bad || undefined}>
      {data === undefined ? (error === null ? '\u00a0' : sentenceOf(error)) : data.message}
      {data?.eta != null && ` It would be ${rangeInWords(data.eta, now)}.`}
    </div>
  );
}
