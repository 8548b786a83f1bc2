import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../api/client.ts';
import { ApiError } from '../api/request.ts';
import { submitJob } from '../api/submit-job.ts';
import { uploadFile } from '../api/upload.ts';
import { SentenceError } from '../sentence-error.ts';
import { afterAt } from './after.ts';
import { roomProblem } from './asked.ts';
import { namedResult } from './named-result.ts';
import type { RunParts } from './parts.ts';
import { placementAt } from './placement.ts';
import type { PlannedJob, RunOptions } from './plan.ts';

/** `underWay`: an earlier run of the same command had handed it over. */
export type HandedOver = { id: JobId; planned: PlannedJob; underWay: boolean };

type End = { status: 'all'; all: HandedOver[] } | { status: 'interrupted'; sofar: HandedOver[] };

/** Brings files and jobs to the farm, each job exactly once, and remembers them; takes up those of an earlier run. */
export async function handOver(run: RunParts, blobs: readonly BlobHash[]): Promise<End> {
  const { plan, farm, api, unfinished, interrupts, options } = run;
  // What earlier runs left in the data folder goes on too, but behind the jobs that somebody waits for.
  const priority = options.priority ?? (farm === null ? 0 : 10);
  const more = await askedOfAny(api, options, priority);
  const jobs = await plan.jobs(blobs, api);
  const planned = jobs.map((job) => ({ ...job, request: { ...job.request, ...more } }));
  if (farm === null && options.placement !== null) await reportFit(run, planned);
  const earlier = await Promise.all(
    planned.map(async ({ request }) => findEarlier(run, await unfinished.find(request))),
  );
  const sofar: HandedOver[] = [];
  if (interrupts.first.aborted) return { status: 'interrupted', sofar };
  if (earlier.includes(null)) await sayWhatIsLacking(run);
  const all = await unlessAborted(submitAll(run, planned, earlier, blobs, sofar), interrupts.first);
  return all === null ? { status: 'interrupted', sofar } : { status: 'all', all };
}

/** What is said of a job of any kind, as the farm takes it. */
export const askedOfAny = async (
  api: Api,
  { placement, after, deadline, asked }: Pick<RunOptions, 'placement' | 'after' | 'deadline' | 'asked'>,
  priority: number,
) => ({
  priority,
  ...(placement === null ? {} : { placement: await placementAt(api, placement) }),
  ...(after.length === 0 ? {} : { after: await afterAt(api, after) }),
  ...(deadline === null ? {} : { deadline }),
  ...(asked === null ? {} : { asked }),
});

/** Before anything is submitted: how many workers fit, and what the others lack where none does. */
async function reportFit({ api, report }: RunParts, [first]: PlannedJob[]): Promise<void> {
  if (first === undefined) return;
  const { kind, placement = {}, settings } = first.request;
  const { message, fitting, others } = await api.fit({ kind, placement, settings });
  const lacking = fitting > 0 ? [] : others.slice(0, 5).map(({ worker, why }) => `  ${worker.name} ${why}.`);
  report({ event: 'farm.incident', message: [message, ...lacking].join('\n') });
}

/** Before anything is submitted that could only wait. A worker that can hold it may come yet. */
async function sayWhatIsLacking({ api, options, report }: RunParts): Promise<void> {
  const problem = await roomProblem(api, options.asked);
  if (problem !== null)
    report({ event: 'farm.incident', message: `${problem} The job waits for one that does.` });
}

/** `sofar` gets each job as soon as it is the farm's. */
async function submitAll(
  run: RunParts,
  planned: PlannedJob[],
  earlier: (Earlier | null)[],
  blobs: readonly BlobHash[],
  sofar: HandedOver[],
): Promise<HandedOver[]> {
  if (earlier.includes(null)) await uploadAll(run, blobs);
  const known = earlier.find((one) => one !== null && one.group !== null)?.group;
  const group = planned.length === 1 ? undefined : (known ?? randomUUID());
  for (const [index, job] of planned.entries()) {
    const before = earlier[index] ?? null;
    const id = before?.id ?? (await submit(run, { ...job.request, ...(group && { group }) }));
    await run.unfinished.add(job.request, id);
    const underWay = before !== null;
    const one = { id, planned: job, underWay };
    const made = await run.plan.members?.(run.api, id);
    const all = made?.map(({ id, variant }) => ({ id, planned: { ...job, variant }, underWay })) ?? [one];
    for (const { id, planned } of all) {
      const name = made?.find((member) => member.id === id)?.name ?? job.request.name ?? id;
      const { variant } = planned;
      sofar.push({ id, planned, underWay });
      run.report({
        event: 'job.created',
        job: id,
        name,
        resumed: underWay,
        ...(variant === undefined ? {} : { variant }),
      });
    }
  }
  return sofar;
}

type Earlier = { id: JobId; group: string | null };

/** The job that an earlier run of the same command left behind, where it still leads to the result. */
async function findEarlier({ api, plan }: RunParts, id: JobId | null): Promise<Earlier | null> {
  if (id === null) return null;
  try {
    if (plan.members !== undefined)
      return (await plan.members(api, id)).length === 0 ? null : { id, group: null };
    const { state, group } = await api.job(id);
    if (state === 'failed' || state === 'canceled') return null;
    if (state === 'paused') await api.act(id, 'resume');
    return { id, group };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

async function uploadAll({ api, paths, report }: RunParts, blobs: readonly BlobHash[]): Promise<void> {
  for (const [index, path] of paths.entries()) {
    if (namedResult(path) !== null) continue;
    const file = basename(path);
    const uploaded = await uploadFile(api, path, blobs[index] as BlobHash, {
      onProgress: (sent, total) => report({ event: 'upload.progress', file, sent, total }),
    });
    report({ event: 'upload.done', file, ...uploaded });
  }
}

async function submit({ api, plan }: RunParts, request: PlannedJob['request']): Promise<JobId> {
  try {
    return await submitJob(api, request);
  } catch (error) {
    const words = error instanceof ApiError ? plan.refusal?.(error) : null;
    throw words ? new SentenceError(words, { cause: error }) : error;
  }
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
