import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Api } from './client.ts';

/** Random part of a whole id. */
const WHOLE = /^job_[0-9a-z]{20,40}$/;
const PAGES = 25;

/** The job that a person names: a whole id, or enough of its beginning to be the only one, with or without `job_`. */
export async function findJob(api: Api, text: string): Promise<JobId> {
  const prefix = text.startsWith('job_') ? text : `job_${text}`;
  if (WHOLE.test(prefix)) return JobId.parse(prefix);
  if (!/^job_[0-9a-z]+$/.test(prefix)) {
    throw new SentenceError(`"${text}" is not the id of a job. "pilot jobs" lists them.`);
  }
  const matches: JobId[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const list = await api.jobs({ limit: 200, ...(cursor === null ? {} : { cursor }) });
    matches.push(...list.jobs.map((job) => job.id).filter((id) => id.startsWith(prefix)));
    cursor = list.next;
    if (cursor === null || matches.length > 1) break;
  }
  const [only, ...others] = matches;
  if (only === undefined) throw new SentenceError(`No job begins with "${text}". "pilot jobs" lists them.`);
  if (others.length > 0) {
    throw new SentenceError(
      `Several jobs begin with "${text}": ${matches.slice(0, 3).join(', ')}. Write more of the id.`,
    );
  }
  return only;
}
