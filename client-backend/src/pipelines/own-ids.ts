import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import { type JobId, newId, type RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import { orderByNeeds } from '@parallel-pilot/shared/model/pipeline.ts';
import { resultsIn, withResults } from '@parallel-pilot/shared/model/result-of.ts';
import type { z } from 'zod';
import type { SubmissionRefusal } from '../parts.ts';

type Sent = z.output<typeof CreatePipeline>['jobs'][number];
type Job = z.output<typeof CreateJob>;
/** A job of a pipeline, with an id of its own, after those that it needs. */
export type PlacedJob = { id: JobId; name: string; matrix: string; request: Job };

/** Gives each job an id in the place of the one that stood for it, and orders them; refuses names that stand twice and circles. */
export function withOwnIds(
  sent: readonly Sent[],
  random: RandomBytes,
): { ok: true; jobs: PlacedJob[] } | SubmissionRefusal {
  const twice = firstTwice(sent.map(({ name }) => name));
  if (twice !== null) return bad(`Two jobs of the pipeline are called "${twice}". Give one another name.`);
  const idTwice = firstTwice(sent.map(({ id }) => id));
  if (idTwice !== null) return bad(`Two jobs of the pipeline are named by ${idTwice}.`);
  const order = orderByNeeds(sent.map((one) => ({ key: one.id as string, needs: needsOf(one.job), one })));
  if (!order.ok) {
    const names = order.circle.map((id) => `"${sent.find((one) => one.id === id)?.name}"`);
    return bad(`${names.join(' needs ')}: jobs that wait for each other in a circle never begin.`);
  }
  // In the order of the pipeline, as lists of jobs made at one moment show them by their ids.
  const ids = order.ordered.map(() => newId('job', random)).sort();
  const own = new Map(order.ordered.map(({ one }, index) => [one.id, ids[index] as JobId]));
  const jobs = order.ordered.map(({ one: { id, name, matrix = name, job } }) => ({
    id: own.get(id) as JobId,
    name,
    matrix,
    request: withIds(job, own),
  }));
  return { ok: true, jobs };
}

const needsOf = ({ after = [], ...submission }: Job): string[] => [
  ...after.map(({ job }) => job),
  ...resultsIn(submission).map(({ job }) => job),
];

/** Ids that stand for none of the pipeline are those of jobs that are there. */
function withIds(job: Job, own: ReadonlyMap<JobId, JobId>): Job {
  const { after, ...submission } = job;
  const put = (id: JobId): JobId => own.get(id) ?? id;
  const whole = withResults(submission, (result) => ({ ...result, job: put(result.job) })) as Job;
  return after === undefined
    ? whole
    : { ...whole, after: after.map((one) => ({ ...one, job: put(one.job) })) };
}

function firstTwice(words: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const word of words) {
    if (seen.has(word)) return word;
    seen.add(word);
  }
  return null;
}

const bad = (message: string): SubmissionRefusal => ({ ok: false, code: 'bad-pipeline', message });
