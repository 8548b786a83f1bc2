import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBetter } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { SweepView, type SweptTraining } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../../api/client.ts';
import { patiently } from '../../api/patience.ts';
import type { RunEvent } from '../../report/events.ts';
import type { JobEnd } from '../../run/plan.ts';
import { SentenceError } from '../../sentence-error.ts';
import type { SweptJob } from './events.ts';
import { type Params, variantOf } from './params.ts';

type SweepDone = Extract<RunEvent, { event: 'sweep.done' }>;

export const fetchSweep = (api: Api, id: string): Promise<SweepView> =>
  patiently(() => api.get(`/api/v1/sweeps/${encodeURIComponent(id)}`, SweepView));

/** The sweep that a training is of. */
export async function sweepOf(api: Api, job: JobId): Promise<SweepView> {
  const { sweep } = await patiently(() => api.job(job));
  if (sweep === null) throw new SentenceError(`The job ${job} belongs to no sweep.`);
  return fetchSweep(api, sweep);
}

/** Writes `sweep.csv`, the best training first, and tells how they compare. */
export async function concludeSweep(
  view: SweepView,
  ends: readonly JobEnd[],
  folder: string,
  seconds: number,
): Promise<SweepDone> {
  const { metric, jobs } = compare(view, ends);
  const csv = join(folder, 'sweep.csv');
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(csv, sweepCsv(jobs));
  } catch (error) {
    throw new SentenceError(`${csv} could not be written (${(error as NodeJS.ErrnoException).code}).`, {
      cause: error,
    });
  }
  return { event: 'sweep.done', seconds, metric, jobs, csv };
}

/**
 * The trainings in order: the best first, those that the sweep stopped behind those that it did not, those without a
 * figure last. What was saved of one is in its end. Pure.
 */
export function compare(view: SweepView, ends: readonly JobEnd[]): Pick<SweepDone, 'metric' | 'jobs'> {
  const { metric } = view;
  const rows = view.trainings.map((training) => {
    const end = ends.find(({ job }) => job.id === training.job);
    const done = end?.done?.event === 'train.done' ? end.done : null;
    const job: SweptJob = {
      job: training.job,
      variant: variantOfTraining(view, training),
      params: training.params,
      state: isStopped(training) ? 'stopped' : training.state,
      round: training.round,
      metrics: done?.metrics ?? training.metrics,
      folder: done?.folder ?? null,
    };
    return { job, rank: isStopped(training) ? 1 : 0 };
  });
  const valueIn = ({ metrics }: SweptJob) => (metric === null ? undefined : metrics?.[metric.name]);
  rows.sort((a, b) => {
    const [x, y] = [valueIn(a.job), valueIn(b.job)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    if (a.rank !== b.rank) return a.rank - b.rank;
    return x === y ? 0 : isBetter(x, y, metric?.goal ?? 'max') ? -1 : 1;
  });
  return { metric, jobs: rows.map(({ job }) => job) };
}

const isStopped = ({ because }: SweptTraining): boolean => because?.code === 'stopped';

/** What sets it apart: of its parameters those that the sweep tries. */
export function variantOfTraining({ sweep }: SweepView, { params, number }: SweptTraining): string {
  const tried = Object.keys(sweep.parameters).flatMap((name) =>
    params[name] === undefined ? [] : [[name, params[name]] as const],
  );
  return variantOf(Object.fromEntries(tried) as Params, number);
}

/** A row for each training: its parameters, where it stands, its metrics, its folder. */
export function sweepCsv(jobs: readonly SweptJob[]): string {
  const names = (of: (job: SweptJob) => object) => [...new Set(jobs.flatMap((job) => Object.keys(of(job))))];
  const params = names((job) => job.params);
  const metrics = names((job) => job.metrics ?? {});
  const rows = jobs.map((job) => [
    ...params.map((name) => job.params[name]),
    job.job,
    job.state,
    job.round,
    ...metrics.map((name) => job.metrics?.[name]),
    job.folder,
  ]);
  const head = [...params, 'job', 'state', 'round', ...metrics, 'folder'];
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** RFC 4180. */
function cell(value: unknown): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
