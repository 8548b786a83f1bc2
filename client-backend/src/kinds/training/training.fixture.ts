import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { Shown } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { JobId, StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { ENVIRONMENT, ENVIRONMENT_FILE } from '@parallel-pilot/shared/packages/packages.ts';
import type { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { until } from '../../../../tests/support/until.ts';
import type { PartsWithEngine } from '../../jobs/engine.ts';
import { submit } from '../../jobs/submit.ts';
import { asFirst, finishChunk, openStage, storeBytes } from '../../jobs/test-farm.fixture.ts';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask } from '../kind.ts';
import { floats, npzBytes } from './data/npz.fixture.ts';

export const TRAINER = {
  kinds: ['training'],
  'training.modules': ['numpy', 'torch'],
  'training.packages': ['wheels'],
};
export const SCRIPT = 'import numpy\nimport pilot\n';
/** 40 rows of two classes. */
export const DATA = Buffer.from(
  `a,label\n${Array.from({ length: 40 }, (_, row) => `${row},${row % 2}\n`).join('')}`,
);

type Given = { name: string; bytes: Buffer };
export type GivenTraining = {
  data?: Buffer | null;
  dataName?: string;
  code?: Given | null;
  moreData?: Given[];
  test?: Given | null;
  requirements?: Given | null;
  wheels?: Given | null;
  settings?: Partial<TrainingSettings>;
};

/** Submits a training of that data, as the API would. */
export async function addTraining(
  parts: Parts,
  {
    data = DATA,
    dataName = 'digits.csv',
    code = null,
    moreData = [],
    test = null,
    requirements = null,
    wheels = null,
    settings = {},
  }: GivenTraining = {},
): Promise<JobId> {
  const script = await storeBytes(parts, Buffer.from(SCRIPT), 'text/x-python');
  const stored = async ({ name, bytes }: Given) => ({
    blob: (await storeBytes(parts, bytes, 'application/octet-stream')).hash,
    fileName: name,
  });
  const taken = await submit(parts, asFirst(parts), {
    kind: 'training',
    script: { blob: script.hash, fileName: 'digits.py' },
    code: code === null ? null : { ...(await stored(code)), entry: RelativePath.parse('digits.py') },
    data: data === null ? null : await stored({ name: dataName, bytes: data }),
    moreData: await Promise.all(moreData.map(stored)),
    test: test === null ? null : await stored(test),
    requirements: requirements === null ? null : await stored(requirements),
    wheels: wheels === null ? null : await stored(wheels),
    python: null,
    settings: settings as TrainingSettings,
    priority: 0,
  });
  if (!taken.ok) throw new Error(taken.message);
  return taken.job;
}

/** A background task for the newest stage of a job. */
export async function backgroundTaskFor(
  parts: Parts,
  id: JobId,
  signal = new AbortController().signal,
): Promise<BackgroundTask> {
  const job = await findJob(parts.db, id);
  const stage = await newestStage(parts.db, id);
  if (job === undefined || stage === undefined) throw new Error('there is no such job');
  return { job, stage, signal, onProgress: () => undefined };
}

/** Brings the job on until a stage other than `from` is open, or the job is over. */
export async function settled(parts: PartsWithEngine, job: JobId, from: StageId): Promise<string> {
  const now = await until(async () => {
    await parts.engine.advance(job);
    const state = (await findJob(parts.db, job))?.state ?? '';
    if (['completed', 'failed', 'canceled'].includes(state)) return state;
    const stage = await openStage(parts, job);
    return stage.id === from ? null : stage.name;
  }, 'the stage does not end');
  // What follows from it for others of its sweep is done in the same turn.
  await parts.engine.exclusive(job, async () => {});
  return now;
}

type WithoutSize<One> = One extends unknown ? Omit<One, 'size'> : never;

/** What a chunk is delivered with: its weights, and what the script measured. */
export type Delivery = {
  weights?: number[];
  metrics?: Record<string, number>;
  /** Of a shard: numbers that it keeps for its next round; null where it says so and leaves the file out. */
  kept?: number[] | null;
  /** The same, to be merged. */
  shared?: number[];
  /** Of a shard or a merge: what it shows, and the bytes of that. */
  shown?: { what: WithoutSize<Shown>; bytes: Buffer }[];
  worker?: WorkerId;
  at?: number;
};

/** What the balancer writes when a worker has delivered a chunk of the open stage, whatever that is. */
export async function deliver(
  parts: Parts,
  job: JobId,
  ordinal = 0,
  { weights = [1, 2], metrics = {}, kept, shared, shown = [], worker, at }: Delivery = {},
): Promise<void> {
  const stage = await openStage(parts, job);
  const seconds = 2;
  const file = (name: string, values = weights) => weightsFile(parts, name, values);
  const shows = {
    result: { shown: shown.map(({ what, bytes }) => ({ ...what, size: bytes.length })) },
    files: async () => (shown.length === 0 ? [] : [await shownFile(parts, shown)]),
  };
  const done = async (): Promise<{ result: unknown; files: ResultFile[] }> => {
    switch (stage.name) {
      case ENVIRONMENT: {
        const packed = await storeBytes(parts, Buffer.from('packed'), 'application/x-tar');
        const packages = [{ name: 'shapes', version: '1.0' }];
        const result = { python: '3.11-here', packages, modules: ['shapes'], fromWorker: ['numpy'], seconds };
        return { result, files: [{ name: ENVIRONMENT_FILE, mediaType: 'application/x-tar', ...packed }] };
      }
      case 'initialize':
        return { result: { parameters: 2, seconds }, files: [await file(FILES.weights)] };
      case 'train': {
        const history = [0.5, 1].map((part) => ({ at: part, values: metrics }));
        return {
          result: {
            samples: 10 + ordinal,
            metrics,
            history,
            seconds,
            kept: kept === undefined ? 0 : 1,
            shared: shared === undefined ? 0 : 1,
            ...shows.result,
          },
          files: [
            await file(FILES.update),
            ...(Array.isArray(kept) ? [await keptFile(parts, FILES.kept(ordinal), kept)] : []),
            ...(shared === undefined ? [] : [await keptFile(parts, FILES.shared, shared)]),
            ...(await shows.files()),
          ],
        };
      }
      case 'merge': {
        const files = [
          await file(FILES.weights),
          await file(
            FILES.momentum,
            weights.map((value) => value / 2),
          ),
          ...(await shows.files()),
        ];
        return { result: { metrics, parameters: 2, seconds, ...shows.result }, files };
      }
      default:
        return { result: { metrics, seconds }, files: [] };
    }
  };
  await finishChunk(parts, stage.id, ordinal, {
    ...(await done()),
    ...(worker === undefined ? {} : { worker }),
    ...(at === undefined ? {} : { at }),
  });
}

async function weightsFile(parts: Parts, name: string, values: number[]): Promise<ResultFile> {
  const blob = await storeBytes(parts, await npzBytes({ 'layer.weight': floats(values) }), 'application/zip');
  return { name, mediaType: 'application/zip', ...blob };
}

async function shownFile(parts: Parts, shown: NonNullable<Delivery['shown']>): Promise<ResultFile> {
  const bytes = Buffer.concat(shown.map((one) => one.bytes));
  const blob = await storeBytes(parts, bytes, 'application/octet-stream');
  return { name: FILES.shown, mediaType: 'application/octet-stream', ...blob };
}

async function keptFile(parts: Parts, name: string, values: number[]): Promise<ResultFile> {
  const text = Buffer.from('{}');
  const npz = await npzBytes({
    text: { descr: '|u1', shape: [text.length], bytes: text },
    f4: floats(values),
  });
  const blob = await storeBytes(parts, npz, 'application/octet-stream');
  return { name, mediaType: 'application/octet-stream', ...blob };
}

/** Delivers all chunks of the open stage alike, and waits for what comes next. */
export async function deliverAll(
  parts: PartsWithEngine,
  job: JobId,
  delivery: Delivery = {},
): Promise<string> {
  const stage = await openStage(parts, job);
  for (let ordinal = 0; ordinal < stage.count; ordinal += 1) await deliver(parts, job, ordinal, delivery);
  return settled(parts, job, stage.id);
}

/** A new job that has its data split and its first weights. */
export async function inFirstRound(parts: PartsWithEngine, given: GivenTraining = {}): Promise<JobId> {
  const job = await addTraining(parts, given);
  await settled(parts, job, (await openStage(parts, job)).id);
  await deliverAll(parts, job);
  return job;
}
