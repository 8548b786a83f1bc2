import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { createApi } from '../api/client.ts';
import { findConnection } from '../api/connect.ts';
import type { CliConfig } from '../config.ts';
import { useFarm } from '../farm/users.ts';
import type { RunEvent } from '../report/events.ts';
import { type HandedOver, handOver } from './hand-over.ts';
import type { Interrupts } from './interrupts.ts';
import { mergeSilence } from './merge-silence.ts';
import { sentAs } from './named-result.ts';
import { startOwnFarm } from './own-farm.ts';
import type { RunParts } from './parts.ts';
import type { JobEnd, Outcome, PlannedJob, RunEnd, RunOptions, RunPlan } from './plan.ts';
import { unfinishedJobs } from './unfinished.ts';

/** Takes a plan from its files to its results: finds or starts a farm, hands the jobs over, follows them, saves what they came to. */
export async function run(
  config: CliConfig,
  plan: RunPlan,
  options: RunOptions,
  report: (event: RunEvent) => void,
  interrupts: Interrupts,
): Promise<RunEnd> {
  const startedAt = performance.now();
  const making = { folder: config.dataFolder, report, signal: interrupts.first };
  const source = await plan.files(making);
  try {
    return await runWith({ config, plan, options, report, interrupts, startedAt }, source.paths);
  } finally {
    await source.remove();
  }
}

type Given = Pick<RunParts, 'plan' | 'options' | 'report' | 'interrupts' | 'startedAt'> & {
  config: CliConfig;
};

async function runWith(given: Given, paths: readonly string[]): Promise<RunEnd> {
  const { config, plan, options, report, interrupts } = given;
  const hashes = Promise.all(paths.map(sentAs));
  // Read while the farm starts; awaited below, where a failure is reported.
  hashes.catch(() => {});
  const found = await findConnection(config, options.server);
  const wanted = { workers: options.workers ?? plan.workers, verbose: options.verbose };
  const farm = found === null ? await startOwnFarm(config, wanted, report, interrupts) : null;
  const connection = found ?? farm?.connection;
  if (connection === undefined) return { status: 'interrupted', message: 'Stopped.' };
  const use = found?.local ? await useFarm(config.dataFolder) : null;
  report({ event: 'farm.ready', url: connection.url, embedded: farm !== null });
  const unfinished = unfinishedJobs(config.dataFolder, farm === null ? connection.url : null);
  const api = createApi(connection);
  const underWay = { ...given, paths, farm, api, unfinished };
  try {
    return await Promise.race([work(underWay, hashes), ...(farm === null ? [] : [farm.failed])]);
  } finally {
    await use?.release();
    await farm?.finish();
  }
}

async function work(run: RunParts, hashing: Promise<BlobHash[]>): Promise<RunEnd> {
  const { report, farm, unfinished } = run;
  const jobs = await handOver(run, await hashing);
  if (jobs.status === 'interrupted') return interrupted(run, jobs.sofar);
  if (farm === null) await reportMissingWorkers(run);
  const silence = mergeSilence(report);
  const ends = await Promise.all(jobs.all.map((one) => followAndSave(run, one, silence())));
  const stopped = jobs.all.filter((_, index) => ends[index] === 'stopped');
  if (stopped.length > 0) {
    if (farm !== null) await unfinished.remove(stopped.map(({ planned }) => planned.request));
    return interrupted(run, stopped);
  }
  if (ends.includes('unsaved')) return UNSAVED;
  const over = ends.filter((end) => typeof end !== 'string');
  const end = await conclude(run, over);
  // Not before all are over: a run that is interrupted before that takes up those that are done as well.
  await unfinished.remove(over.map(({ planned }) => planned.request));
  return end;
}

const UNSAVED: RunEnd = {
  status: 'interrupted',
  message: 'Stopped while the result was saved. The same command saves the rest without making it again.',
};

/** Follows one job to its end and saves what it came to. `stopped` while it was under way, `unsaved` after that. */
async function followAndSave(
  run: RunParts,
  { id, planned, underWay }: HandedOver,
  report: RunParts['report'],
): Promise<JobEnd | 'stopped' | 'unsaved'> {
  const { api, plan, interrupts } = run;
  const job = await plan.follow(api, id, { report, signal: interrupts.first, underWay });
  if (job === null) return 'stopped';
  try {
    return { planned, job, ...(await save(run, planned, job)) };
  } catch (error) {
    if (!interrupts.first.aborted) throw error;
    return 'unsaved';
  }
}

async function save(run: RunParts, planned: PlannedJob, job: JobDetail): Promise<Outcome> {
  const { api, plan, report, interrupts } = run;
  if (!isOver(job.state)) throw new Error(`job ${job.id} is ${job.state}, not over`);
  if (job.state === 'canceled') {
    const ended = plan.ended?.(job) ?? null;
    if (ended === null) return without(job.problem?.message ?? `The job ${job.id} was canceled.`);
    report(ended);
    return { problem: null, done: ended };
  }
  const problem = job.problem?.message ?? 'The job failed.';
  // Of a job that failed, what is there is worth having too.
  if (job.state === 'failed' && job.counts.done === 0) return without(problem);
  const saved = await plan.save({ api, job, planned, report, signal: interrupts.first });
  if (job.state === 'failed') return without(problem);
  if (saved.missing !== null) return without(saved.missing);
  const done = saved.done(secondsOf(run));
  report(done);
  return { problem: null, done };
}

const without = (problem: string): Outcome => ({ problem, done: null });

async function conclude(run: RunParts, ends: JobEnd[]): Promise<RunEnd> {
  if (run.plan.conclude !== undefined) run.report(await run.plan.conclude(ends, secondsOf(run), run.api));
  const problems = ends.filter((end) => end.problem !== null);
  const [first] = problems;
  if (first === undefined) return { status: 'done' };
  if (ends.length === 1) return { status: 'failed', message: first.problem ?? '' };
  const lines = problems.map(
    ({ planned, problem }) => `  ${planned.variant ?? planned.request.name}: ${problem}`,
  );
  const message = [`${problems.length} of ${ends.length} jobs came to no result.`, ...lines].join('\n');
  return { status: 'failed', message };
}

const secondsOf = ({ startedAt }: RunParts): number => Math.round((performance.now() - startedAt) / 100) / 10;

async function reportMissingWorkers({ api, options, report }: RunParts): Promise<void> {
  const unused = 'The farm that is running has its own workers; --workers is not used.';
  if (options.workers !== null) report({ event: 'farm.incident', message: unused });
  const list = await api.workers().catch(() => null);
  if (list === null || list.workers.some((worker) => worker.status === 'online')) return;
  report({ event: 'farm.incident', message: 'No worker is connected to this farm; the job waits for one.' });
}

/** What Ctrl-C leaves behind: at a farm that was there the jobs go on, those of an own one are canceled. */
async function interrupted({ api, farm }: RunParts, jobs: readonly HandedOver[]): Promise<RunEnd> {
  const [first, ...others] = jobs.map((job) => job.id);
  if (first === undefined)
    return { status: 'interrupted', message: 'Stopped before anything was handed over.' };
  if (farm !== null) {
    await Promise.all(jobs.map(({ id }) => api.act(id, 'cancel').catch(() => {})));
    const what = others.length === 0 ? `the job ${first} is` : `${jobs.length} jobs are`;
    return { status: 'interrupted', message: `Stopped; ${what} canceled.` };
  }
  const lines = [
    others.length === 0
      ? `The job goes on at ${api.connection.url}.`
      : `The ${jobs.length} jobs go on at ${api.connection.url}: ${[first, ...others].join(', ')}.`,
    `  pilot job ${first} --follow   shows ${others.length === 0 ? 'it' : 'one'}`,
    `  pilot download ${first}       saves the result`,
    `  pilot cancel ${first}         ends it`,
  ];
  return { status: 'interrupted', message: lines.join('\n') };
}
