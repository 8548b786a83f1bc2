import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { isBetter, judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import type { RoundList, TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { jobQuery } from '../../api/queries.ts';
import type { ChartLine } from '../../components/chart-options.ts';
import { differencesOf } from './differences.ts';
import { comparedRoundsQuery } from './queries.ts';

/** One training as it stands beside the others. */
export type Entry = {
  id: string;
  title: string;
  job: JobDetail | undefined;
  color: string;
  /** Of the metric that counts; null before anything was measured. */
  value: number | null;
  /** "3 of 10" */
  rounds: string;
  line: ChartLine | null;
  /** What it has where the jobs differ, in the order of `columns`. */
  cells: string[];
};
export type Compared = {
  /** The best first. */
  entries: Entry[];
  /** How they differ. */
  columns: string[];
  /** All that their merged models were measured by, and the one that is shown. */
  metrics: string[];
  metric: string;
  best: string | null;
};

const REFRESH_MS = 5_000;

/** Several trainings, asked now and then as long as they are not over. */
export function useCompared(ids: readonly string[]): Compared & { choose(metric: string): void } {
  const [chosen, choose] = useState<string | null>(null);
  const jobs = useQueries({
    queries: ids.map((id) => ({
      ...jobQuery(id),
      refetchInterval: ({ state: { data } }: { state: { data: JobDetail | undefined } }) =>
        data !== undefined && isOver(data.state) ? false : REFRESH_MS,
    })),
  }).map((answer) => answer.data);
  const rounds = useQueries({
    queries: ids.map((id, index) => {
      const job = jobs[index];
      return comparedRoundsQuery(id, job === undefined ? null : `${viewOf(job)?.round} ${job.state}`);
    }),
  }).map((answer) => answer.data);
  return { ...compare(ids, jobs, rounds, chosen), choose };
}

const viewOf = (job: JobDetail | undefined): TrainingView | null =>
  job?.view.kind === 'training' ? job.view : null;

/** The jobs side by side, measured by the metric that was chosen, or that counts in the first of them. */
export function compare(
  ids: readonly string[],
  jobs: readonly (JobDetail | undefined)[],
  rounds: readonly (RoundList | undefined)[],
  chosen: string | null = null,
): Compared {
  const views = jobs.map(viewOf);
  const differences = differencesOf(views);
  const counting = views.flatMap((view) => view?.best?.name ?? [])[0] ?? '';
  const measured = rounds.flatMap(
    (list) => list?.rounds.flatMap((round) => Object.keys(round.metrics ?? {})) ?? [],
  );
  const metrics = [...new Set([counting, ...measured])].filter((name) => name !== '');
  const metric = chosen !== null && metrics.includes(chosen) ? chosen : counting;
  const entries = ids.map((id, index): Entry => {
    const view = views[index] ?? null;
    const color = `--curve-${(index % 8) + 1}`;
    const done = rounds[index]?.rounds.filter((round) => round.metrics?.[metric] !== undefined) ?? [];
    const value =
      view?.best?.name === metric
        ? (view.best?.value ?? null)
        : bestValue(
            done.map((round) => round.metrics?.[metric] ?? 0),
            goalOf(metric, view),
          );
    return {
      id,
      title: jobs[index]?.name ?? 'Job',
      cells: differences.map(({ cells }) => cells[index] ?? '–'),
      job: jobs[index],
      color,
      value,
      rounds: view === null ? '' : `${view.round} of ${view.settings.rounds}`,
      line:
        done.length === 0
          ? null
          : {
              key: id,
              color,
              strong: false,
              xs: done.map((round) => round.round),
              ys: done.map((round) => round.metrics?.[metric] ?? 0),
            },
    };
  });
  const columns = differences.map(({ name }) => name);
  const best = bestOf(entries, views, metric);
  const known = views.find((view) => view !== null) ?? null;
  const ranked = entries.toSorted(byValue(known === null ? 'max' : goalOf(metric, known)));
  return { entries: ranked, columns, metrics, metric, best };
}

/** The better first; what was not measured comes last. */
const byValue =
  (goal: 'max' | 'min') =>
  ({ value: a }: Entry, { value: b }: Entry): number => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return goal === 'max' ? b - a : a - b;
  };

/** Which way a metric is better: as the job says of the one that counts there, else as its name tells. */
const goalOf = (metric: string, view: TrainingView | null): 'max' | 'min' => {
  const goal = view?.best?.name === metric ? view.settings.goal : null;
  return judgedMetric({ [metric]: 0 }, { metric, goal })?.goal ?? 'max';
};

const bestValue = (values: readonly number[], goal: 'max' | 'min'): number | null =>
  values.reduce<number | null>(
    (best, value) => (best === null || isBetter(value, best, goal) ? value : best),
    null,
  );

function bestOf(entries: readonly Entry[], views: readonly (TrainingView | null)[], metric: string) {
  const first = views.find((view) => view !== null);
  if (first === undefined || metric === '') return null;
  const goal = goalOf(metric, first);
  let best: Entry | null = null;
  for (const entry of entries) {
    if (entry.value === null) continue;
    if (best === null || best.value === null || isBetter(entry.value, best.value, goal)) best = entry;
  }
  return best?.id ?? null;
}
