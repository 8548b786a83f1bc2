import type { JobLog } from '@parallel-pilot/shared/api/chunks.ts';
import type { JobDetail, JobList, JobSummary, LinkedJob } from '@parallel-pilot/shared/api/jobs.ts';
import { momentInWords, rangeInWords } from '@parallel-pilot/shared/model/end-words.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { placementInWords } from '@parallel-pilot/shared/model/placement-words.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import type { Printed } from '../follow/prints.ts';
import { cliKindOf } from '../kinds/registry.ts';
import { table } from '../text/columns.ts';
import { ago, duration } from '../text/units.ts';
import { doing } from './doing.ts';

/** The list of jobs as lines; ids as short as can be told apart by eye, which every command takes. */
export function jobTable(list: JobList, now: number, width: number): string[] {
  if (list.jobs.length === 0) return ['No jobs.'];
  const rows = list.jobs.map((job) => [
    shortId(job.id, list.jobs),
    job.state,
    doneOf(job),
    job.etaSeconds === null || isOver(job.state) ? '' : duration(job.etaSeconds),
    ago(job.createdAt, now),
    job.name,
  ]);
  const lines = table(['JOB', 'STATE', 'DONE', 'LEFT', 'CREATED', 'NAME'], rows, width);
  const more = list.total - list.jobs.length;
  return list.next === null || more <= 0 ? lines : [...lines, `and ${more} more (--limit shows them)`];
}

/** One job in full. */
export function jobLines(job: JobDetail, now: number): string[] {
  const facts: [string, string][] = [
    ['Job', job.id],
    ['Name', job.name],
    ['State', job.state],
    ['Done', doneOf(job)],
    ['Stage', stageOf(job)],
    ...expected(job, now),
    ...(job.deadline === null ? [] : [dueBy(job.deadline, now)]),
    ...(job.waiting === null ? [] : [['Waits', job.waiting.message] as [string, string]]),
    ...job.after.map((one): [string, string] => ['After', linkedInWords(one)]),
    ...placementFacts(job.placement),
    ...cliKindOf(job.view).facts(job.view),
  ];
  const working = job.progress.map(
    (one) => `  ${oneLine(`${one.workerName}: ${Math.floor(one.fraction * 100)} % · ${doing(one)}`)}`,
  );
  const notes = job.notes.map((note) => `  ${note.level}: ${note.message}`);
  return [
    ...facts.map(([name, value]) => `${name.padEnd(9)} ${oneLine(value)}`),
    ...(working.length > 0 ? ['', 'At work', ...working] : []),
    ...(notes.length > 0 ? ['', 'Notes', ...notes] : []),
    ...(job.problem === null ? [] : ['', job.problem.message]),
  ];
}

function expected({ eta, etaSeconds, state }: JobDetail, now: number): [string, string][] {
  if (etaSeconds === null || isOver(state)) return [];
  const left = `about ${duration(etaSeconds)} left`;
  return [['Expected', eta === null ? left : `${rangeInWords(eta, now)}, ${left}`]];
}

const dueBy = ({ at, message }: NonNullable<JobDetail['deadline']>, now: number): [string, string] => [
  'Due by',
  `${momentInWords(at, now)}. ${message}`,
];

/** "the success of simulate (job_…, running)" */
const linkedInWords = ({ id, name, state, on }: LinkedJob): string =>
  `${on === 'always' ? 'the end' : `the ${on}`} of ${name === null ? `${id}, which was deleted` : `${name} (${id}, ${state})`}`;

/** Which workers it asks for. */
const placementFacts = (placement: JobDetail['placement']): [string, string][] =>
  placement === null ? [] : [['Workers', placementInWords(placement) || 'any']];

/** What a job said, and the last lines of what failed. */
export function logLines(log: JobLog): string[] {
  const notes = log.notes.map(
    ({ at, level, message }) => `${new Date(at).toISOString()}  ${level.padEnd(7)}  ${message}`,
  );
  const prints = printLines(log.prints);
  const printed = new Set(
    log.prints.map(({ label, worker, log: lines }) => `${label} on ${worker}\n${lines}`),
  );
  const failures = log.failures
    .filter(({ label, log: lines }) => !printed.has(`${label}\n${lines}`))
    .flatMap(({ label, log: lines }) => ['', `${label}:`, lines.trimEnd()]);
  return notes.length + failures.length + prints.length === 0
    ? ['Nothing was logged for this job.']
    : [...notes, ...failures, ...prints];
}

/** What scripts printed, each attempt under its own head. */
export const printLines = (prints: JobLog['prints']): string[] =>
  prints.flatMap(({ label, worker, log }) => ['', `${label} on ${worker}:`, log.trimEnd()]);

/** What one of several prints at the same time. */
export const liveLines = ({ label, worker, lines }: Printed): string[] =>
  lines.map((line) => `${label} on ${worker} | ${line}`);

const doneOf = ({ fraction }: JobSummary): string => `${Math.floor(fraction * 100)} %`;

// A stage that the farm does by itself has no chunks to count.
function stageOf({ stage, counts }: JobSummary): string {
  const done = counts.total === 0 ? '' : `, ${counts.done}/${counts.total}`;
  return `${stage}${done}${counts.failed > 0 ? `, ${counts.failed} failed` : ''}`;
}

function shortId(id: string, others: { id: string }[]): string {
  const plain = id.replace(/^job_/, '');
  for (let length = 6; length < plain.length; length += 1) {
    const start = `job_${plain.slice(0, length)}`;
    if (others.filter((other) => other.id.startsWith(start)).length === 1) return plain.slice(0, length);
  }
  return plain;
}
