import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../api/client.ts';
import { submitJob } from '../api/submit-job.ts';
import { uploadFile } from '../api/upload.ts';
import { askedOfAny } from '../run/hand-over.ts';
import { namedResult, sentAs } from '../run/named-result.ts';
import { SentenceError } from '../sentence-error.ts';
import { idToCome, type PlannedStep } from './plan-steps.ts';

export type Submitted = { step: PlannedStep; id: JobId }[];

/** Hands the steps over, each after those it needs: their files first, so that nothing of it begins that lacks one. */
export async function submitSteps(
  api: Api,
  steps: readonly PlannedStep[],
  folder: string,
): Promise<Submitted> {
  const requests = [];
  for (const step of steps) requests.push(await requestOf(api, step, folder));
  const ids = new Map<string, JobId>();
  const jobs: Submitted = [];
  for (const [index, step] of steps.entries()) {
    const after = step.needs.flatMap(({ key, on }) => {
      const job = ids.get(key);
      return job === undefined ? [] : [{ job, on }];
    });
    const request = withIds(requests[index] as CreateJob, steps, ids);
    const id = await submitJob(api, {
      ...request,
      name: step.name,
      ...(after.length === 0 ? {} : { after }),
    });
    ids.set(step.key, id);
    jobs.push({ step, id });
  }
  return jobs;
}

/** What one step asks of the farm, once its files are there. */
async function requestOf(api: Api, step: PlannedStep, folder: string): Promise<CreateJob> {
  const { plan, run } = step;
  const source = await plan.files({ folder, report: () => {}, signal: new AbortController().signal });
  try {
    const blobs = await Promise.all(source.paths.map(sentAs));
    for (const [index, path] of source.paths.entries()) {
      const blob = blobs[index];
      if (blob !== undefined && namedResult(path) === null)
        await uploadFile(api, path, blob, { onProgress() {} });
    }
    const [planned, ...others] = await plan.jobs(blobs, api);
    if (planned === undefined || others.length > 0)
      throw new SentenceError(
        `"${step.of}" makes ${others.length + 1} jobs by its options. Give their values in a matrix instead.`,
      );
    return { ...planned.request, ...(await askedOfAny(api, run, run.priority ?? 0)) };
  } finally {
    await source.remove();
  }
}

/** With the ids of the jobs that are there now in the place of those that stood for them. */
function withIds(
  request: CreateJob,
  steps: readonly PlannedStep[],
  ids: ReadonlyMap<string, JobId>,
): CreateJob {
  const text = steps.reduce((all, { key }, at) => {
    const id = ids.get(key);
    return id === undefined ? all : all.replaceAll(`${idToCome(at)}`, id);
  }, JSON.stringify(request));
  return JSON.parse(text);
}
