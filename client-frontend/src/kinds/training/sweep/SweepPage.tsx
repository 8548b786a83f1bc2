import { Button } from '@mantine/core';
import type { SweepView } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { sentenceOf } from '../../../api/request.ts';
import { useMay, useSession } from '../../../api/session.ts';
import { Empty } from '../../../components/Empty.tsx';
import { formatCount, formatMeasured, plural } from '../../../components/format.ts';
import { PageHead } from '../../../components/PageHead.tsx';
import { Panel } from '../../../components/Panel.tsx';
import { showProblem } from '../../../job/job-command.ts';
import { AskedButton } from '../../../pages/people/AskedButton.tsx';
import { modelUrl } from '../model-url.ts';
import classes from './Sweep.module.css';
import { SweepTrainings } from './SweepTrainings.tsx';
import { cancelSweep, sweepQuery } from './sweep-query.ts';

/** A sweep: which of its trainings is the best, their curves over each other, and a table of all. */
export function SweepPage({ id }: { id: string }) {
  const { data: view, error } = useQuery(sweepQuery(id));
  if (view !== undefined) return <Sweep view={view} />;
  if (error === null) return null;
  return (
    <Empty
      page
      title="This sweep is not here"
      text={sentenceOf(error)}
      action={
        <Button component={Link} to="/">
          To the jobs
        </Button>
      }
    />
  );
}

function Sweep({ view }: { view: SweepView }) {
  const best = view.trainings.find(({ job }) => job === view.best);
  return (
    <>
      <PageHead title={view.name} tab={`${view.name}, sweep`} sub={wayOf(view)}>
        {view.state === 'running' && <Cancel view={view} />}
        {best !== undefined && (
          <Button
            component="a"
            href={modelUrl(best.job, 'best')}
            leftSection={<IconDownload size={17} aria-hidden />}
          >
            Download the best model
          </Button>
        )}
      </PageHead>
      {view.problem !== null && (
        <p role="alert" className={classes.problem}>
          {view.problem}
        </p>
      )}
      <p role="status" className={classes.standing}>
        {standingOf(view)}
        {best?.best != null && (
          <>
            {' '}
            {view.state === 'running' ? 'Best so far' : 'Best'}:{' '}
            <Link to={`/jobs/${best.job}`}>training {best.number}</Link>, {best.best.name}{' '}
            <b>{formatMeasured(best.best.value)}</b> after round {formatCount(best.best.round)}.
          </>
        )}
      </p>
      <Panel title="Trainings" aside="Marked where a parameter is not as in the best">
        <SweepTrainings view={view} present={null} />
      </Panel>
    </>
  );
}

const MODES = { grid: 'Each combination', random: 'Drawn at random', asha: 'Successive halving (ASHA)' };

const ROUNDS = new Intl.ListFormat('en');

function wayOf({ sweep, rungs, trainings }: SweepView): string {
  const all = plural(trainings.length, 'training');
  const looks =
    rungs.length === 0
      ? ''
      : `, compared after ${rungs.length === 1 ? 'round' : 'rounds'} ${ROUNDS.format(rungs.map(formatCount))}`;
  return `${MODES[sweep.mode]} of ${Object.keys(sweep.parameters).join(', ')} · ${all}${looks}`;
}

function standingOf({ trainings }: SweepView): string {
  const over = trainings.filter(({ state }) => isOver(state)).length;
  const stopped = trainings.filter(({ because }) => because?.code === 'stopped').length;
  const waiting = trainings.filter(
    ({ because }) => because?.code === 'turn' || because?.code === 'rung',
  ).length;
  const parts = [
    `${formatCount(over)} of ${formatCount(trainings.length)} over`,
    ...(stopped === 0 ? [] : [`${formatCount(stopped)} of these stopped`]),
    ...(waiting === 0 ? [] : [`${formatCount(waiting)} waiting`]),
  ];
  return `${parts.join(', ')}.`;
}

function Cancel({ view: { id, person } }: { view: SweepView }) {
  const queries = useQueryClient();
  const own = useSession()?.person?.id === person;
  const may = useMay()('jobs.steer', own);
  const cancel = useMutation({
    mutationFn: () => cancelSweep(id),
    onError: showProblem,
    onSettled: () => queries.invalidateQueries({ queryKey: ['sweep', id] }),
  });
  if (!may) return null;
  return (
    <AskedButton
      label="Cancel the sweep"
      title="Cancel the sweep?"
      text="All of its trainings that are not over end. What was measured stays, and so do their models so far."
      go="Cancel the sweep"
      working={cancel.isPending}
      onGo={() => cancel.mutate()}
    />
  );
}
