import type { PipelineDetail, PipelineJob, PipelineSummary } from '@parallel-pilot/shared/api/pipelines.ts';
import { JOB_STATUSES } from '@parallel-pilot/shared/model/job.ts';
import { table } from '../text/columns.ts';
import { ago, plural } from '../text/units.ts';

/** The list of pipelines as lines. */
export function pipelineTable(list: readonly PipelineSummary[], now: number, width: number): string[] {
  if (list.length === 0) return ['No pipelines. "pilot submit FILE" hands one over.'];
  const rows = list.map((one) => [one.id, one.state, ago(one.createdAt, now), countsInWords(one), one.name]);
  return table(['PIPELINE', 'STATE', 'CREATED', 'JOBS', 'NAME'], rows, width);
}

/** One pipeline with its jobs, and why those that failed did. */
export function pipelineLines(pipeline: PipelineDetail, now: number, width: number): string[] {
  const { id, name, state, createdAt, parameters, jobs } = pipeline;
  const given = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  const names = new Map(jobs.map((one) => [one.job.id, one.name]));
  const problems = jobs.flatMap(({ name, job }) =>
    job.problem === null ? [] : [`${name}: ${job.problem.message}`],
  );
  return [
    `${name} (${id}) is ${state}; submitted ${ago(createdAt, now)}.`,
    ...(given.length === 0 ? [] : [`With ${given.join(', ')}.`]),
    '',
    ...table(
      ['JOB', 'STATE', 'DONE', 'ID', 'AFTER'],
      jobs.map((one) => [
        one.name,
        one.job.state,
        `${Math.floor(one.job.fraction * 100)} %`,
        one.job.id,
        afterInWords(one, names),
      ]),
      width,
    ),
    ...(problems.length === 0 ? [] : ['', ...problems]),
  ];
}

/** "2 completed, 1 running" */
const countsInWords = ({ states, total }: PipelineSummary): string =>
  `${plural(total, 'job')}: ${JOB_STATUSES.flatMap((state) => ((states[state] ?? 0) > 0 ? [`${states[state]} ${state}`] : [])).join(', ')}`;

const afterInWords = ({ after }: PipelineJob, names: ReadonlyMap<string, string>): string =>
  after.map(({ job, on }) => `${names.get(job) ?? job}${on === 'success' ? '' : ` (${on})`}`).join(', ');
