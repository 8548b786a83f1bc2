import { basename } from 'node:path';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { packFiles } from '../../run/pack-folder.ts';
import {
  type Making,
  ownFiles,
  type PlannedJob,
  type RunPlan,
  type Saved,
  type Saving,
  type SourceFiles,
} from '../../run/plan.ts';
import { archiveName, type CodeFolder } from './code-folder.ts';
import { type Params, variantOf } from './params.ts';
import { trainPresenter } from './presenter.ts';
import type { TrainRequest } from './request.ts';
import { folderFor, folderOf, saveModel } from './results.ts';
import { followRounds } from './rounds.ts';
import { type StartGiven, startOf } from './start.ts';
import { concludeSweep } from './sweep.ts';
import { sweepPresenter } from './sweep-presenter.ts';

export type TrainOrder = {
  script: { path: string; name: string };
  data: readonly { path: string }[];
  test: { path: string } | null;
  from: StartGiven | null;
  code: CodeFolder | null;
  request: TrainRequest;
  out: string;
  cpus: number;
};

type CreateTraining = Extract<CreateJob, { kind: 'training' }>;

/** One training, or a sweep of one job for each set of parameters. */
export function trainPlan(order: TrainOrder): RunPlan {
  const { script, from, request, out } = order;
  const sweep = request.jobs.length > 1;
  const folder = folderOf(script, out);
  return {
    presenter: sweep ? sweepPresenter : trainPresenter,
    follow: followRounds,
    files: (making) => sentFiles(order, making),
    workers: workersFor(order),
    async jobs(blobs, api) {
      const start = from === null ? {} : { from: await startOf(from, blobs, api) };
      return request.jobs.map((params, index) => planJob(order, params, index, blobs, start));
    },
    save: (saving) => save(saving, folder),
    ...(sweep ? { conclude: (ends, seconds) => concludeSweep(ends, folder, seconds) } : {}),
  };
}

/** The script, the data, what is measured on, the files beside the script, and what it starts from. */
async function sentFiles(order: TrainOrder, { folder, signal }: Making): Promise<SourceFiles> {
  const { script, data, test, code, from } = order;
  const own = [script, ...data, ...(test === null ? [] : [test])].map(({ path }) => path);
  const start = from !== null && 'path' in from ? [from.path] : [];
  if (code === null) return ownFiles(...own, ...start);
  const packed = await packFiles(code.folder, code.files, folder, () => {}, signal);
  return { paths: [...own, packed.path, ...start], remove: packed.remove };
}

function planJob(
  { script, data, test, code, request }: TrainOrder,
  params: Params,
  index: number,
  blobs: readonly BlobHash[],
  start: Pick<CreateTraining, 'from'>,
): PlannedJob {
  const left = [...blobs];
  const sent = (path: string) => {
    const blob = left.shift();
    if (blob === undefined) throw new Error('a training without its files');
    return { blob, fileName: basename(path) };
  };
  const source = sent(script.path);
  const [first, ...moreData] = data.map(({ path }) => sent(path));
  const measured = test === null ? {} : { test: sent(test.path) };
  const beside =
    code === null ? {} : { code: { ...sent(archiveName(code)), entry: RelativePath.parse(code.entry) } };
  const variant = variantOf(params, index + 1);
  const sweep = request.jobs.length > 1;
  return {
    request: {
      kind: 'training',
      script: source,
      ...beside,
      ...(first === undefined ? {} : { data: first }),
      ...(moreData.length === 0 ? {} : { moreData }),
      ...measured,
      ...start,
      settings: {
        // Without data there is nothing to divide: a shard for each worker.
        ...(first === undefined ? { shards: null } : {}),
        ...request.settings,
        ...(Object.keys(params).length === 0 ? {} : { params }),
      },
      name: sweep ? `${script.name.slice(0, 100)} ${variant}` : script.name,
    },
    ...(sweep ? { variant } : {}),
  };
}

async function save({ api, job, planned, report, signal }: Saving, root: string): Promise<Saved> {
  const at = folderFor(root, planned);
  const { folder, metrics, model, missing } = await saveModel(api, job, at, report, signal);
  if (missing !== null) return { missing };
  return {
    missing: null,
    done: (seconds) => ({ event: 'train.done', job: job.id, seconds, model, folder, metrics }),
  };
}

/** A worker for each shard while there are cores: each trains with threads of its own. */
const workersFor = ({ cpus, request }: TrainOrder): number =>
  request.settings.mode === 'ddp'
    ? (request.settings.workers ?? 2)
    : Math.max(1, Math.min(8, cpus, (request.settings.shards ?? 4) * request.jobs.length));
