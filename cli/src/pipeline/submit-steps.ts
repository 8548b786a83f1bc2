import { randomUUID } from 'node:crypto';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { CreatePipeline, PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import { type BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../api/client.ts';
import { patiently } from '../api/patience.ts';
import { uploadFile } from '../api/upload.ts';
import { askedOfAny } from '../run/hand-over.ts';
import { namedResult, sentAs } from '../run/named-result.ts';
import { SentenceError } from '../sentence-error.ts';
import { idToCome, type PlannedStep } from './plan-steps.ts';

/** What is said of the pipeline beside its jobs. */
type Head = Pick<CreatePipeline, 'name' | 'source' | 'parameters'>;

/** Brings all files to the farm, then hands the jobs over: all at once, and once only though the farm may die meanwhile. */
export async function submitSteps(
  api: Api,
  head: Head,
  steps: readonly PlannedStep[],
  folder: string,
): Promise<PipelineDetail> {
  const jobs = await requestsOf(api, steps, folder);
  const request = randomUUID();
  return patiently(() => api.createPipeline({ ...head, request, jobs }));
}

/** Brings a file to the farm and says what stands for it in a request. */
export type Send = (path: string) => Promise<BlobHash>;

/** A result of another job is there already. */
export const sendTo =
  (api: Api): Send =>
  async (path) => {
    const blob = await sentAs(path);
    if (namedResult(path) === null) await uploadFile(api, path, blob, { onProgress() {} });
    return blob;
  };

/** What the steps ask of the farm, once their files are there; ids to come stand for those of the others. */
export async function requestsOf(
  api: Api,
  steps: readonly PlannedStep[],
  folder: string,
  send: Send = sendTo(api),
): Promise<CreatePipeline['jobs']> {
  const at = new Map(steps.map(({ key }, index) => [key, JobId.parse(idToCome(index))]));
  const idOf = (key: string): JobId => at.get(key) ?? raise(key);
  const jobs: CreatePipeline['jobs'] = [];
  for (const step of steps) {
    const after = step.needs.map(({ key, on }) => ({ job: idOf(key), on }));
    const request = await requestOf(api, step, folder, send);
    const job = { ...request, name: step.name, ...(after.length === 0 ? {} : { after }) };
    jobs.push({ name: step.key, matrix: step.of, id: idOf(step.key), job });
  }
  return jobs;
}

const raise = (key: string): never => {
  throw new Error(`no step ${key}`);
};

/** What one step asks of the farm, once its files are there. */
async function requestOf(api: Api, step: PlannedStep, folder: string, send: Send): Promise<CreateJob> {
  const { plan, run } = step;
  const source = await plan.files({ folder, report: () => {}, signal: new AbortController().signal });
  try {
    const blobs: BlobHash[] = [];
    for (const path of source.paths) blobs.push(await send(path));
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
