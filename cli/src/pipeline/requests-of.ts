import { stat } from 'node:fs/promises';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import { type BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../api/client.ts';
import { uploadFile } from '../api/upload.ts';
import { askedOfAny } from '../run/hand-over.ts';
import { namedResult, sentAs } from '../run/named-result.ts';
import type { SourceFiles } from '../run/plan.ts';
import { SentenceError } from '../sentence-error.ts';
import { idToCome, type PlannedStep } from './plan-steps.ts';

/** What steps ask of the farm, once their files are there; ids to come stand for those of the others. */
export type AskFor = (steps: readonly PlannedStep[]) => Promise<CreatePipeline['jobs']>;

/**
 * The same pipeline may be asked for several times with other values: a file is sent once, and a step that stands as it
 * stood before is not worked out again. One whose files were more than `mostAgain` bytes packed is not packed a second
 * time: that throws a SentenceError.
 */
export function askFor(api: Api, folder: string, mostAgain = Number.POSITIVE_INFINITY): AskFor {
  const parts: Parts = { api, folder, mostAgain, sent: new Map(), packed: new Map() };
  const known = new Map<string, CreateJob>();
  const once = async (step: PlannedStep): Promise<CreateJob> => {
    const request = (step.from === null ? null : known.get(step.from)) ?? (await requestOf(parts, step));
    if (step.from !== null) known.set(step.from, request);
    return request;
  };
  return async (steps) => {
    const at = new Map(steps.map(({ key }, index) => [key, JobId.parse(idToCome(index))]));
    const idOf = (key: string): JobId => at.get(key) ?? raise(key);
    const jobs: CreatePipeline['jobs'] = [];
    for (const step of steps) {
      const after = step.needs.map(({ key, on }) => ({ job: idOf(key), on }));
      const job = {
        ...(await once(step)),
        name: step.name,
        ...(after.length === 0 ? {} : { after }),
      };
      jobs.push({ name: step.key, matrix: step.of, id: idOf(step.key), job });
    }
    return jobs;
  };
}

const raise = (key: string): never => {
  throw new Error(`no step ${key}`);
};

type Parts = {
  api: Api;
  folder: string;
  mostAgain: number;
  sent: Map<string, Promise<BlobHash>>;
  /** Bytes that were packed for the steps of a job of the file. */
  packed: Map<string, number>;
};

/** What one step asks of the farm, once its files are there. */
async function requestOf(parts: Parts, step: PlannedStep): Promise<CreateJob> {
  const { api, folder, mostAgain, packed } = parts;
  const { plan, run } = step;
  if ((packed.get(step.of) ?? 0) > mostAgain) throw new SentenceError(`"${step.of}" has too large files.`);
  const source = await plan.files({ folder, report: () => {}, signal: new AbortController().signal });
  try {
    packed.set(step.of, (packed.get(step.of) ?? 0) + (await bytesBelow(folder, source)));
    const blobs: BlobHash[] = [];
    for (const path of source.paths) blobs.push(await sentOnce(parts, path));
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

/** Of what was put together for this alone. */
async function bytesBelow(folder: string, { paths }: SourceFiles): Promise<number> {
  const made = paths.filter((path) => path.startsWith(`${folder}/`));
  const sizes = await Promise.all(made.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Brings a file to the farm. A result of another job is there already; what is packed anew each time has another path. */
function sentOnce({ api, sent }: Parts, path: string): Promise<BlobHash> {
  const send = async (): Promise<BlobHash> => {
    const blob = await sentAs(path);
    if (namedResult(path) === null) await uploadFile(api, path, blob, { onProgress() {} });
    return blob;
  };
  const known = sent.get(path) ?? send();
  sent.set(path, known);
  return known;
}
