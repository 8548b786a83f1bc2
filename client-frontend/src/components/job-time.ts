import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { formatDuration } from './format.ts';

type Timed = Pick<JobSummary, 'createdAt' | 'startedAt' | 'finishedAt'>;

/** A wait shorter than this is the farm's own, and not worth a word. */
const WORTH_A_WORD_MS = 1_500;

/** How long a job was worked on, ms, and how long it waited before; `worked` is null before it began. */
export function timeOf({ createdAt, startedAt, finishedAt }: Timed, now: number) {
  const end = finishedAt ?? now;
  // The clocks of two servers may differ a little.
  return startedAt === null
    ? { worked: null, waited: Math.max(0, end - createdAt) }
    : { worked: Math.max(0, end - startedAt), waited: Math.max(0, startedAt - createdAt) };
}

/** "took 8.0 s, waited 3 min 8 s", "8 s so far", "waits since 12 s". */
export function timeInWords(job: Timed, now: number): string {
  const { worked, waited } = timeOf(job, now);
  const over = job.finishedAt !== null;
  // While it runs a decimal would only flicker.
  const lasted = (ms: number) => formatDuration(over ? ms : Math.round(ms / 1_000) * 1_000);
  if (worked === null) return over ? 'never begun' : `waiting for ${lasted(waited)}`;
  const told = over ? `took ${lasted(worked)}` : `${lasted(worked)} so far`;
  return waited < WORTH_A_WORD_MS ? told : `${told}, waited ${formatDuration(waited)}`;
}
