import type { After } from '@parallel-pilot/shared/api/create-job.ts';
import { RUNS_ON, type RunsOn } from '@parallel-pilot/shared/model/dependencies.ts';
import type { Command } from 'commander';
import type { Api } from '../api/client.ts';
import { findJob } from '../api/find-job.ts';
import { SentenceError } from '../sentence-error.ts';

/** A job that is waited for, as typed: the beginning of its id, and how it has to end. */
export type TypedAfter = { job: string; on: RunsOn };

export const withAfter = (command: Command): Command =>
  command.option(
    '--after <job>',
    'begin when this job has completed; job:failure when it failed, job:always in either case; may be repeated',
    (value: string, before: string[] = []) => [...before, value],
  );

/** Throws a SentenceError about the first that cannot be read. */
export const readAfter = (typed: readonly string[] = []): TypedAfter[] => typed.map(readOne);

function readOne(typed: string): TypedAfter {
  const [job = '', how = 'success', ...more] = typed.trim().split(':');
  const on = RUNS_ON.find((one) => one === how.toLowerCase());
  if (job !== '' && on !== undefined && more.length === 0) return { job, on };
  throw new SentenceError(
    `--after ${typed}: write the id of a job, or that with how it has to end, such as job_4k2m:failure (${RUNS_ON.join(', ')}).`,
  );
}

/** With the whole ids of these jobs. */
export const afterAt = (api: Api, typed: readonly TypedAfter[]): Promise<After[]> =>
  Promise.all(typed.map(async ({ job, on }) => ({ job: await findJob(api, job), on })));
