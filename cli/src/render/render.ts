import type { CreateJob, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import { type Api, createApi } from '../api/client.ts';
import { findConnection, type ServerFlags } from '../api/connect.ts';
import { ApiError } from '../api/request.ts';
import { submitJob } from '../api/submit-job.ts';
import { hashFile, uploadFile } from '../api/upload.ts';
import type { CliConfig } from '../config.ts';
import { useFarm } from '../farm/users.ts';
import { followJob } from '../follow/follow.ts';
import type { RenderEvent } from '../report/events.ts';
import { SentenceError } from '../sentence-error.ts';
import type { Interrupts } from './interrupts.ts';
import { type OneJobFarm, startOneJobFarm } from './one-job-farm.ts';
import type { RenderRequest } from './request.ts';
import { saveResults } from './results.ts';
import { unfinishedRenders } from './unfinished.ts';

type RenderJob = Extract<CreateJob, { kind: 'blender' }>;

export type RenderOptions = {
  file: { path: string; name: string };
  request: RenderRequest;
  server: ServerFlags;
  /** Null for as many as suit the machine. Only for a farm started for this job. */
  workers: number | null;
  verbose: boolean;
  out: string;
};

export type RenderEnd =
  | { status: 'done' }
  | { status: 'failed'; message: string }
  | { status: 'interrupted'; message: string };

/** The whole of `pilot render`: finds or starts a farm, hands over the file, follows the job, saves the result. */
export async function render(
  config: CliConfig,
  options: RenderOptions,
  report: (event: RenderEvent) => void,
  interrupts: Interrupts,
): Promise<RenderEnd> {
  const startedAt = performance.now();
  const hash = hashFile(options.file.path);
  // Read while the farm starts; awaited below, where a failure is told.
  hash.catch(() => {});
  const found = await findConnection(config, options.server);
  const farm = found === null ? await startOneJobFarm(config, options, report, interrupts) : null;
  const connection = found ?? farm?.connection;
  if (connection === undefined) return { status: 'interrupted', message: 'Stopped.' };
  const use = found?.local ? await useFarm(config.dataFolder) : null;
  report({ event: 'farm.ready', url: connection.url, embedded: farm !== null });
  const run = { config, options, report, interrupts, farm, api: createApi(connection), startedAt };
  try {
    return await Promise.race([work(run, hash), ...(farm === null ? [] : [farm.failed])]);
  } finally {
    await use?.release();
    await farm?.finish();
  }
}

type Run = {
  config: CliConfig;
  options: RenderOptions;
  report: (event: RenderEvent) => void;
  interrupts: Interrupts;
  farm: OneJobFarm | null;
  api: Api;
  startedAt: number;
};

async function work(run: Run, hashing: ReturnType<typeof hashFile>): Promise<RenderEnd> {
  const { api, options, report, interrupts, farm } = run;
  const unfinished = unfinishedRenders(run.config.dataFolder, farm === null ? api.connection.url : null);
  const request = requestOf(options, await hashing, farm !== null);
  const earlier = await findEarlier(api, await unfinished.find(request));
  if (interrupts.first.aborted) return { status: 'interrupted', message: 'Stopped.' };
  const id = earlier ?? (await unlessAborted(handOver(run, request), interrupts.first));
  if (id === null) return { status: 'interrupted', message: 'Stopped before the file was handed over.' };
  await unfinished.add(request, id);
  report({ event: 'job.created', job: id, name: options.file.name, resumed: earlier !== null });
  if (farm === null) await tellOfWorkers(run);
  const underWay = earlier !== null;
  const job = await followJob(api, id, { report, signal: interrupts.first, underWay });
  if (job === null) {
    if (farm !== null) await unfinished.remove(request);
    return interrupted(run, id);
  }
  const end = await conclude(run, job);
  if (end.status !== 'interrupted') await unfinished.remove(request);
  return end;
}

const requestOf = ({ file, request }: RenderOptions, hash: string, ownFarm: boolean): RenderJob => ({
  kind: 'blender',
  source: { blob: hash as never, fileName: file.path.split(/[\\/]/).pop() ?? file.name },
  name: file.name,
  // What earlier runs left in the data folder goes on too, but behind the job that somebody waits for.
  priority: ownFarm ? 10 : 0,
  ...request,
});

/** The job that an earlier run of the same command left behind, where it still leads to the result. */
async function findEarlier(api: Api, id: JobId | null): Promise<JobId | null> {
  if (id === null) return null;
  try {
    const { state } = await api.job(id);
    if (state === 'failed' || state === 'canceled') return null;
    if (state === 'paused') await api.act(id, 'resume');
    return id;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

async function handOver({ api, options, report }: Run, request: RenderJob): Promise<JobId> {
  const onProgress = (sent: number, total: number) => report({ event: 'upload.progress', sent, total });
  const uploaded = await uploadFile(api, options.file.path, request.source.blob as never, { onProgress });
  report({ event: 'upload.done', ...uploaded });
  try {
    return await submitJob(api, request);
  } catch (error) {
    if (!(error instanceof ApiError) || error.choices.length === 0) throw error;
    const choices = error.choices.map((choice) => `  --main ${choice}`).join('\n');
    throw new SentenceError(`${error.message}\nSay which with one of:\n${choices}`, { cause: error });
  }
}

async function tellOfWorkers({ api, options, report }: Run): Promise<void> {
  const unused = 'The farm that is running has its own workers; --workers is not used.';
  if (options.workers !== null) report({ event: 'farm.incident', message: unused });
  const list = await api.workers().catch(() => null);
  if (list === null || list.workers.some((worker) => worker.status === 'online')) return;
  report({ event: 'farm.incident', message: 'No worker is connected to this farm; the job waits for one.' });
}

/** Null as soon as the signal is aborted; what was begun is left to end with the process. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const aborted = Promise.withResolvers<null>();
  const onAbort = () => aborted.resolve(null);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function interrupted({ api, farm }: Run, id: JobId): Promise<RenderEnd> {
  if (farm === null) {
    const lines = [
      `The job goes on at ${api.connection.url}.`,
      `  pilot job ${id} --follow   shows it`,
      `  pilot download ${id}       saves the result`,
      `  pilot cancel ${id}         ends it`,
    ];
    return { status: 'interrupted', message: lines.join('\n') };
  }
  await api.act(id, 'cancel').catch(() => {});
  return { status: 'interrupted', message: `Stopped; the job ${id} is canceled.` };
}

async function conclude(run: Run, job: JobDetail): Promise<RenderEnd> {
  const { api, options, report, interrupts, startedAt } = run;
  if (!isOver(job.state)) throw new Error(`job ${job.id} is ${job.state}, not over`);
  if (job.state === 'canceled') return { status: 'failed', message: `The job ${job.id} was canceled.` };
  const problem = job.problem?.message ?? 'The job failed.';
  // Of a job that failed, the frames that are there are worth having too.
  if (job.state === 'failed' && job.counts.done === 0) return { status: 'failed', message: problem };
  try {
    const saved = await saveResults(api, job, options.out, report, interrupts.first);
    if (job.state === 'failed') return { status: 'failed', message: problem };
    if (saved.missing !== null) return { status: 'failed', message: saved.missing };
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const { video, folder, frames } = saved;
    report({ event: 'render.done', job: job.id, seconds, video, folder, frames });
    return { status: 'done' };
  } catch (error) {
    if (!interrupts.first.aborted) throw error;
    const message = `Stopped while the result was saved. The same command saves the rest without rendering again.`;
    return { status: 'interrupted', message };
  }
}
