import { basename } from 'node:path';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { Api } from '../../api/client.ts';
import { packFiles } from '../../run/pack-folder.ts';
import { type PackagesGiven, sentPackages, wheelsName } from '../../run/packages.ts';
import type { Making, Member, PlannedJob, RunPlan, Saved, Saving, SourceFiles } from '../../run/plan.ts';
import { archiveName, type CodeFolder } from './code-folder.ts';
import { trainPresenter } from './presenter.ts';
import type { TrainRequest } from './request.ts';
import { folderFor, folderOf, saveModel } from './results.ts';
import { followRounds } from './rounds.ts';
import { type StartGiven, startOf } from './start.ts';
import { concludeSweep, sweepOf, variantOfTraining } from './sweep.ts';
import { sweepPresenter } from './sweep-presenter.ts';

export type TrainOrder = {
  script: { path: string; name: string };
  data: readonly { path: string }[];
  test: { path: string } | null;
  from: StartGiven | null;
  code: CodeFolder | null;
  packages: PackagesGiven | null;
  /** The Python that workers have to have; null for any. */
  python: string | null;
  request: TrainRequest;
  out: string;
  cpus: number;
};

type CreateTraining = Extract<CreateJob, { kind: 'training' }>;

/** One training, or a sweep: one request, of which the farm makes a job for each set of parameters. */
export function trainPlan(order: TrainOrder): RunPlan {
  const { script, from, request, out } = order;
  const sweep = request.sweep !== null;
  const folder = folderOf(script, out);
  return {
    presenter: sweep ? sweepPresenter : trainPresenter,
    follow: followRounds,
    files: (making) => sentFiles(order, making),
    workers: workersFor(order),
    async jobs(blobs, api) {
      const start = from === null ? {} : { from: await startOf(from, blobs, api) };
      return [planJob(order, blobs, start)];
    },
    save: (saving) => save(saving, folder),
    ...(sweep ? { members: trainingsOf, ended: stopped, conclude: endOf(folder) } : {}),
  };
}

/** The script, the data, what is measured on, the files beside the script, and what it starts from. */
async function sentFiles(order: TrainOrder, { folder, signal }: Making): Promise<SourceFiles> {
  const { script, data, test, code, from } = order;
  const own = [script, ...data, ...(test === null ? [] : [test])].map(({ path }) => path);
  const start = from !== null && 'path' in from ? [from.path] : [];
  const packages = await sentPackages(order.packages, { folder, signal });
  if (code === null) return { ...packages, paths: [...own, ...packages.paths, ...start] };
  const packed = await packFiles(code.folder, code.files, folder, () => {}, signal);
  return {
    paths: [...own, packed.path, ...packages.paths, ...start],
    async remove() {
      await packed.remove();
      await packages.remove();
    },
  };
}

/** What became of one request: the trainings of its sweep, none where they were canceled or are gone. */
async function trainingsOf(api: Api, job: JobId): Promise<Member[]> {
  const view = await sweepOf(api, job);
  if (view.state === 'canceled' || view.state === 'failed') return [];
  return view.trainings.map((training) => ({
    id: training.job,
    name: training.name,
    variant: variantOfTraining(view, training),
  }));
}

/** One that its sweep stopped has come to its end as it should. */
const stopped: NonNullable<RunPlan['ended']> = ({ id, problem }) =>
  problem?.code === 'stopped' ? { event: 'train.stopped', job: id, why: problem.message } : null;

const endOf =
  (folder: string): NonNullable<RunPlan['conclude']> =>
  async (ends, seconds, api) => {
    const [first] = ends;
    if (first === undefined) throw new Error('a sweep without trainings');
    return concludeSweep(await sweepOf(api, first.job.id), ends, folder, seconds);
  };

function planJob(
  { script, data, test, code, packages, python, request }: TrainOrder,
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
  const brought =
    packages === null
      ? {}
      : {
          requirements: sent(packages.requirements),
          ...(packages.wheels === null ? {} : { wheels: sent(wheelsName(packages.wheels)) }),
        };
  const { params, sweep } = request;
  return {
    request: {
      kind: 'training',
      script: source,
      ...beside,
      ...brought,
      ...(python === null ? {} : { python }),
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
      ...(sweep === null ? {} : { sweep }),
      name: sweep === null ? script.name : script.name.slice(0, 100),
    },
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
    : Math.max(1, Math.min(8, cpus, (request.settings.shards ?? 4) * (request.sweep === null ? 1 : 2)));
