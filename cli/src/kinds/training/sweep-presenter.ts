import { isOver, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { RunEvent } from '../../report/events.ts';
import type { Presenter } from '../../report/presenter.ts';
import type { ShownJob } from '../../report/screen-model.ts';
import { bar, type Look, paint, wholeLine } from '../../report/screen-parts.ts';
import { fit, padEnd, table, widthOf } from '../../text/columns.ts';
import { duration, figure, figures } from '../../text/units.ts';
import type { SweptJob } from './events.ts';
import { trainPresenter } from './presenter.ts';

/** Several trainings of one script, spoken of side by side. */
export const sweepPresenter: Presenter = {
  states: trainPresenter.states,
  lines(event, every) {
    switch (event.event) {
      // Their common folder is printed once, below the table.
      case 'model.saved':
      case 'files.saved':
      // A note of the job says why.
      case 'train.stopped':
        return [];
      case 'train.done':
        return [
          [
            ...(event.metrics === null ? [] : [figures(event.metrics)]),
            `done after ${duration(event.seconds)}`,
          ].join(' · '),
        ];
      case 'sweep.done':
        return sweepTable(event);
      default:
        return trainPresenter.lines(event, every);
    }
  },
  colour: ({ event }) => (event === 'train.done' ? 'green' : null),
  screen(jobs, { now, startedAt }, look) {
    const over = jobs.filter(isDone).length;
    const fraction = jobs.reduce((sum, job) => sum + fractionOf(job), 0) / jobs.length;
    const right = `${over}/${jobs.length} done · ${duration((now - startedAt) / 1_000)}${timeLeft(jobs, now)}`;
    return [wholeLine('Training', fraction, right, look), ...jobLines(jobs, look)];
  },
};

const isDone = ({ progress }: ShownJob): boolean => progress !== null && isOver(progress.state as JobStatus);
const fractionOf = (job: ShownJob): number => (isDone(job) ? 1 : (job.progress?.fraction ?? 0));

/** A row for each training; where there is not room for all, those under way. */
function jobLines(jobs: readonly ShownJob[], look: Look): string[] {
  const shown =
    jobs.length <= look.rows ? jobs : [...jobs].sort((a, b) => rank(a) - rank(b)).slice(0, look.rows);
  const nameWidth = Math.min(
    Math.max(10, Math.floor(look.width * 0.4)),
    Math.max(...shown.map(({ variant }) => widthOf(variant ?? ''))),
  );
  const barWidth = Math.min(20, Math.max(5, Math.floor((look.width - nameWidth) * 0.2)));
  const lines = shown.map((job) => {
    const name = padEnd(fit(job.variant ?? '', nameWidth), nameWidth);
    const said = fit(saidOf(job, look), Math.max(0, look.width - nameWidth - barWidth - 6));
    return `  ${name}  ${bar(fractionOf(job), barWidth, look)}  ${isBegun(job) ? said : paint('dim', said, look)}`;
  });
  const hidden = jobs.length - shown.length;
  return hidden === 0 ? lines : [...lines, fit(`  and ${hidden} more trainings`, look.width)];
}

// As long as the time of one of them is not known, nobody knows that of all.
function timeLeft(jobs: readonly ShownJob[], now: number): string {
  const ends = jobs.filter((job) => !isDone(job)).map(endOf);
  const left = (Math.max(now, ...ends) - now) / 1_000;
  return ends.length === 0 || left === Number.POSITIVE_INFINITY ? '' : ` · ${duration(left)} left`;
}
const endOf = ({ progress, etaAt }: ShownJob): number =>
  etaAt + (progress?.eta_seconds ?? Number.POSITIVE_INFINITY) * 1_000;

const isBegun = ({ progress }: ShownJob): boolean => progress !== null && (progress.training?.round ?? 0) > 0;
const rank = (job: ShownJob): number => (isDone(job) ? 2 : isBegun(job) ? 0 : 1);

function saidOf({ progress }: ShownJob, look: Look): string {
  const { round = 0, rounds = 0, metrics = null } = progress?.training ?? {};
  if (progress === null) return 'waiting';
  const state = progress.state === 'failed' || progress.state === 'canceled' || progress.state === 'paused';
  const where = state
    ? progress.state === 'paused'
      ? 'waits'
      : progress.state
    : round === 0
      ? (STAGES[progress.stage] ?? 'waiting')
      : `${look.width < 60 ? '' : 'round '}${round}/${rounds}`;
  return [where, figures(metrics ?? {})].filter(Boolean).join(' · ');
}

const STAGES: Record<string, string> = {
  split: 'splitting',
  environment: 'packages',
  initialize: 'first weights',
};

/** Side by side at the end, the best first. */
function sweepTable({ jobs, metric, csv, seconds }: Extract<RunEvent, { event: 'sweep.done' }>): string[] {
  const best = jobs[0]?.folder;
  return [
    '',
    ...trainingTable(jobs, metric, 120),
    '',
    ...(metric === null || best == null ? [] : [`Best     ${best}`]),
    `Table    ${csv}`,
    `Done in ${duration(seconds)}.`,
  ];
}

/** A row for each training, in the order in which they come; the first is marked where it has a figure. */
export function trainingTable(
  jobs: readonly SweptJob[],
  metric: { name: string } | null,
  width: number,
): string[] {
  const params = [...new Set(jobs.flatMap((job) => Object.keys(job.params)))];
  const rest = (job: SweptJob) => Object.entries(job.metrics ?? {}).filter(([name]) => name !== metric?.name);
  const rows = jobs.map((job, index) => {
    const value = metric === null ? undefined : job.metrics?.[metric.name];
    const best = index === 0 && value !== undefined;
    return [
      best ? '*' : '',
      ...params.map((name) => String(job.params[name] ?? '')),
      ...(metric === null ? [] : [value === undefined ? '' : figure(value)]),
      String(job.round),
      job.state,
      figures(Object.fromEntries(rest(job))),
    ];
  });
  const metricHead = metric === null ? [] : [metric.name.toUpperCase()];
  return table(['', ...params, ...metricHead, 'ROUND', 'STATE', ''], rows, width);
}
