import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { mergeOfRound, TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { ShardChunk, TrainSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { PythonTask } from '@parallel-pilot/worker/kinds/training/messages.ts';
import { blankTask } from '@parallel-pilot/worker/kinds/training/task.ts';
import { z } from 'zod';
import { type OneRunner, startOneRunner } from './one-runner.ts';

export const SCRIPTS = ['cnn', 'lstm', 'vae', 'batchnorm', 'words', 'dcgan'] as const;
export type Script = (typeof SCRIPTS)[number];

/** Of an epoch each; docs/training.md says 20 for a start. */
export const ROUNDS = 16;
export const BATCH = 32;
/** Of data.py. */
export const ROWS = 2_000;
/** Rounds of mode diloco in place of one of epochs. */
export const OFTEN = 2;
/** As many steps as the epochs have, but for the rest of a division. */
const STEPS = { mode: 'diloco', rounds: ROUNDS * OFTEN, innerSteps: Math.floor(ROWS / BATCH / OFTEN) };

/** On one machine: the measure of all, with other random numbers, and with the rows that a step has on a shard. */
const ALONE = ['alone', 'again', 'part'] as const;
const isAlone = (way: Way): way is (typeof ALONE)[number] => ALONE.some((one) => one === way);

/** How the shards train: settings beside those that all have. */
const WAYS = {
  rounds: () => ({ merge: 'outer' }),
  'rounds, mean': () => ({ merge: 'outer', params: { keep: 'mean' } }),
  average: () => ({ merge: 'average' }),
  diloco: () => STEPS,
  'diloco, mean': () => ({ ...STEPS, params: { keep: 'mean' } }),
  'int8, mean': () => ({ ...STEPS, params: { keep: 'mean' }, compress: 'int8' }),
  'int8 0.1, mean': () => ({ ...STEPS, params: { keep: 'mean' }, compress: 'int8', sparsify: 0.1 }),
  'int8 0.01, mean': () => ({ ...STEPS, params: { keep: 'mean' }, compress: 'int8', sparsify: 0.01 }),
  sorted: () => ({ merge: 'outer' }),
  ddp: (shards) => ({ mode: 'ddp', workers: shards, minWorkers: shards }),
} satisfies Record<string, (shards: number) => object>;
export type Way = keyof typeof WAYS | (typeof ALONE)[number];
export const WAY_NAMES: readonly string[] = [...ALONE.slice(1), ...Object.keys(WAYS)];
export const isWay = (name: string): name is Way => WAY_NAMES.includes(name);

/** What the script measures of a model on the test rows, accuracy in percent or a loss; `bytes` went over the network in a round. */
export const Measured = z.object({
  script: z.enum(SCRIPTS),
  seed: z.number(),
  way: z.string(),
  shards: z.number(),
  value: z.number(),
  bytes: z.number(),
});
export type Measured = z.infer<typeof Measured>;

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const pilot = here('../../../worker/src/kinds/training/python');
const environment = { ...process.env, PYTHONPATH: pilot, OMP_NUM_THREADS: '1' };
const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';

export async function readMeasured(file: string): Promise<Measured[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Measured.parse(JSON.parse(line)));
}

type Trained = { way: keyof typeof WAYS; shards: number };
export type By = 'process' | 'farm';
type Wanted = {
  scripts: Script[];
  seeds: number[];
  shards: number[];
  ways: Way[];
  by: By;
  file: string;
  /** It ends after so many, between two figures. */
  seconds: number;
};

/** Trains scripts beside this file in every way, and adds each figure to `file` as soon as it is known; what stands there is not measured again. */
export async function measureScripts({ file, seconds, by, ...wanted }: Wanted): Promise<void> {
  const known = new Set((await readMeasured(file)).map(keyOf));
  const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
  const end = performance.now() + seconds * 1_000;
  const runners: OneRunner[] = [];
  const started = async (): Promise<OneRunner> => {
    const runner = runners[0] ?? (await startOneRunner(python));
    runners[0] = runner;
    return runner;
  };
  try {
    for (const one of wantedCells(wanted)) {
      if (known.has(keyOf(one))) continue;
      if (performance.now() > end) return;
      const { script, seed, way, shards } = one;
      const data = join(folder, `${script}-${seed}`);
      await mkdir(data, { recursive: true });
      await run(python, [here('data.py'), script, data, String(seed)]);
      const at = { script, data, seed, by };
      const made = isAlone(way)
        ? { model: await trainAlone(at, way === 'again' ? seed + 1_000 : seed, BATCH / shards), bytes: 0 }
        : await train(await started(), at, { way, shards });
      const measured = { script, seed, way, shards, value: await judge(at, made.model), bytes: made.bytes };
      await appendFile(file, `${JSON.stringify(measured)}\n`);
      process.stderr.write(`${script}, seed ${seed}, ${way} over ${shards}: ${measured.value.toFixed(4)}\n`);
    }
  } finally {
    await runners[0]?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type One = { script: Script; seed: number; way: Way; shards: number };

/** Seed by seed: what is cut short has each way as often as any. */
const wantedCells = ({
  scripts,
  seeds,
  shards,
  ways,
}: Pick<Wanted, 'scripts' | 'seeds' | 'shards' | 'ways'>): One[] =>
  seeds.flatMap((seed) =>
    (['alone', ...ways] as Way[]).flatMap((way) =>
      scripts.flatMap((script) =>
        countsOf(way, shards).map((count) => ({ script, seed, way, shards: count })),
      ),
    ),
  );

// Sorted data is split the same way as any: once is enough.
const countsOf = (way: Way, shards: number[]): number[] =>
  way === 'alone' || way === 'again' ? [1] : way === 'sorted' ? shards.slice(-1) : shards;

const keyOf = ({ script, seed, way, shards }: Omit<Measured, 'value' | 'bytes'>): string =>
  JSON.stringify([script, seed, way, shards]);

async function scriptAlone(script: Script, env: Record<string, string>): Promise<void> {
  await run(python, ['-B', here(`${script}.py`)], { env: { ...environment, ...env } });
}

async function trainAlone({ script, data }: At, seed: number, batch: number): Promise<string> {
  const env = { PILOT_DATA: join(data, 'train.npz'), PILOT_SEED: String(seed), PILOT_OUT: data };
  await scriptAlone(script, { ...env, PILOT_BATCH: String(batch), PILOT_ROUNDS: String(ROUNDS) });
  return join(data, 'model.npz');
}

async function judge({ script, data }: At, model: string): Promise<number> {
  const metrics = join(data, 'metrics.json');
  const from = { PILOT_DATA: join(data, 'test.npz'), PILOT_WEIGHTS: model, PILOT_EVALUATE: '1' };
  await scriptAlone(script, { ...from, PILOT_METRICS: metrics });
  const found: Record<string, number> = JSON.parse(await readFile(metrics, 'utf8')).metrics;
  const [[name, value] = ['', Number.NaN]] = Object.entries(found);
  return name === 'accuracy' ? value * 100 : value;
}

/** `by`: rounds.py, or a worker's and a backend's own code in full. */
type At = { script: Script; data: string; seed: number; by: By };

const jobOf = ({ script, seed }: At, { way, shards }: Trained, blobs: { script: string; data: string }) =>
  ({
    kind: 'training',
    script: { blob: blobs.script, fileName: `${script}.py` },
    data: { blob: blobs.data, fileName: 'train.npz' },
    settings: { shards, rounds: ROUNDS, batch: BATCH, holdout: 0, seed, ...WAYS[way](shards) },
  }) as CreateJob & { kind: 'training' };

const dataOf = ({ data }: At, { way }: Trained): string =>
  join(data, way === 'sorted' ? 'sorted.npz' : 'train.npz');

/** Split and planned by the backend's own code, trained by rounds.py. */
async function train(runner: OneRunner, at: At, one: Trained) {
  const stored = async (path: string) => (await runner.store(path)).hash;
  const blobs = { script: await stored(here(`${at.script}.py`)), data: await stored(dataOf(at, one)) };
  const asked = jobOf(at, one, blobs);
  const job = await runner.create(asked);
  const folder = join(at.data, job);
  await mkdir(folder);
  const named = async (name: string, path: string) => {
    await copyFile(path, join(folder, name));
    return join(folder, name);
  };
  if (at.by === 'farm')
    return { model: await named('model.npz', await runner.finish(job, at.script)), bytes: 0 };
  const settings = TrainingSettings.parse(asked.settings);
  const { stage, chunks } = await runner.upTo('train', job, at.script);
  const { context, weights } = TrainSpec.parse(JSON.parse(stage.spec_json));
  const parts = chunks.flatMap(({ spec_json }) => ShardChunk.parse(JSON.parse(spec_json)).data ?? []);
  const task: Omit<PythonTask, 'script' | 'work' | 'run' | 'cache'> = {
    ...blankTask('train', context),
    ...{ environment: {}, gang: null, scratch: [], local: null },
  };
  const plan = {
    task,
    script: here(`${at.script}.py`),
    weights: runner.parts.blobs.localPath(weights.hash),
    shards: await Promise.all(
      parts.map(({ hash }, shard) => named(`shard${shard}.npz`, runner.parts.blobs.localPath(hash))),
    ),
    context,
    merges: Array.from({ length: settings.rounds }, (_, index) => ({
      ...mergeOfRound(settings, index + 1),
      of: one.shards,
    })),
    gang: one.way === 'ddp' ? one.shards : null,
  };
  const rounds = run(python, ['-B', here('rounds.py'), folder], { env: environment });
  rounds.child.stdin?.end(JSON.stringify(plan));
  return z.object({ model: z.string(), bytes: z.number() }).parse(JSON.parse((await rounds).stdout));
}
