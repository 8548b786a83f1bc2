import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBetter, judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import type { RunEvent } from '../../report/events.ts';
import type { JobEnd } from '../../run/plan.ts';
import { SentenceError } from '../../sentence-error.ts';
import type { SweptJob } from './events.ts';
import { trainingOf } from './rounds.ts';

type SweepDone = Extract<RunEvent, { event: 'sweep.done' }>;

/** Writes `sweep.csv`, the best training first, and tells how they compare. */
export async function concludeSweep(
  ends: readonly JobEnd[],
  folder: string,
  seconds: number,
): Promise<SweepDone> {
  const { metric, jobs } = compare(ends);
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

/** The trainings in order, the best first, those without a figure last. Pure. */
export function compare(ends: readonly JobEnd[]): Pick<SweepDone, 'metric' | 'jobs'> {
  const rows = ends.map((end) => {
    const view = trainingOf(end.job);
    const done = end.done?.event === 'train.done' ? end.done : null;
    const job: SweptJob = {
      job: end.job.id,
      variant: end.planned.variant ?? end.job.name,
      params: view.settings.params,
      state: end.job.state,
      round: view.round,
      metrics: done?.metrics ?? null,
      folder: done?.folder ?? null,
    };
    return { job, judged: judgedMetric(job.metrics ?? {}, view.settings) };
  });
  const first = rows.find(({ judged }) => judged !== null)?.judged ?? null;
  if (first === null) return { metric: null, jobs: rows.map(({ job }) => job) };
  const { name, goal } = first;
  rows.sort(({ judged: a }, { judged: b }) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return a.value === b.value ? 0 : isBetter(a.value, b.value, goal) ? -1 : 1;
  });
  return { metric: { name, goal }, jobs: rows.map(({ job }) => job) };
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
