import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { roundList } from '@parallel-pilot/client-backend/kinds/training/rounds/round-list.ts';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import { z } from 'zod';
import { api } from '../../support/api.ts';
import { type Farm, startFarm } from '../../support/farm.ts';
import { median } from '../figures.ts';
import { type OneRunner, startOneRunner } from './one-runner.ts';

export const SCRIPTS = ['cnn', 'lstm', 'vae', 'batchnorm', 'words', 'dcgan'] as const;
export type Script = (typeof SCRIPTS)[number];

export const ROUNDS = 8;
export const BATCH = 32;
/** Of data.py. */
export const ROWS = 2_000;
/** Rounds of mode diloco in place of one of epochs. */
export const OFTEN = 2;
/** Epochs of a round, as the scripts say them. */
export const epochsOf = (script: Script): number => (script === 'cnn' || script === 'batchnorm' ? 1 : 2);

/** How the shards train: settings beside those that all have. */
const WAYS = {
  rounds: () => ({ merge: 'outer' }),
  'rounds, mean': () => ({ merge: 'outer', params: { keep: 'mean' } }),
  average: () => ({ merge: 'average' }),
  diloco: (script) => rounds(script),
  'diloco, mean': (script) => ({ ...rounds(script), params: { keep: 'mean' } }),
  sorted: () => ({ merge: 'outer' }),
  ddp: (_script, shards) => ({ mode: 'ddp', workers: shards, minWorkers: shards }),
} satisfies Record<string, (script: Script, shards: number) => object>;
export type Way = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS);
export const isWay = (name: string): name is Way => name in WAYS;

const rounds = (script: Script) => ({
  mode: 'diloco',
  rounds: ROUNDS * OFTEN,
  innerSteps: Math.floor((epochsOf(script) * ROWS) / BATCH / OFTEN),
});

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
const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';

export async function readMeasured(file: string): Promise<Measured[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Measured.parse(JSON.parse(line)));
}

type Trained = { way: Way; shards: number };
type Wanted = { seeds: number[]; shards: number[]; ways: Way[]; file: string };

/** Trains a script beside this file in every way, and adds each figure to `file` as soon as it is known; what stands there is not measured again. */
export async function measureScript(script: Script, { seeds, shards, ways, file }: Wanted): Promise<void> {
  const known = new Set((await readMeasured(file)).map(keyOf));
  const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
  let runner: OneRunner | null = null;
  let farm: Farm | null = null;
  try {
    for (const seed of seeds) {
      const all = ways.flatMap((way) =>
        // Sorted data is split the same way as any: once is enough.
        (way === 'sorted' ? shards.slice(-1) : shards).map((count) => ({ way, shards: count })),
      );
      const missing = all.filter((one) => !known.has(keyOf({ script, seed, ...one })));
      const alone = { script, seed, way: 'alone', shards: 1 };
      if (missing.length === 0 && known.has(keyOf(alone))) continue;
      const data = join(folder, String(seed));
      await mkdir(data);
      await run(python, [here('data.py'), script, data, String(seed)]);
      const note = async (of: Omit<Measured, 'value' | 'bytes'>, model: string, bytes: number) => {
        const measured = { ...of, value: await judge(script, model, data), bytes };
        await appendFile(file, `${JSON.stringify(measured)}\n`);
        process.stderr.write(
          `${script}, seed ${seed}, ${of.way} over ${of.shards}: ${measured.value.toFixed(4)}\n`,
        );
      };
      if (!known.has(keyOf(alone))) await note(alone, await trainAlone(script, data, seed), 0);
      for (const one of missing) {
        const at = { script, data, seed };
        if (one.way === 'ddp') farm ??= await startFarm({ workers: Math.max(...shards) });
        else runner ??= await startOneRunner(python);
        const { model, bytes } =
          one.way === 'ddp'
            ? await trainTogether(farm as Farm, at, one)
            : await trainApart(runner as OneRunner, at, one);
        await note({ script, seed, ...one }, model, bytes);
      }
    }
  } finally {
    await farm?.stop();
    await runner?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const keyOf = ({ script, seed, way, shards }: Omit<Measured, 'value' | 'bytes'>): string =>
  JSON.stringify([script, seed, way, shards]);

async function scriptAlone(script: Script, env: Record<string, string>): Promise<void> {
  await run(python, ['-B', here(`${script}.py`)], {
    env: { ...process.env, PYTHONPATH: pilot, OMP_NUM_THREADS: '1', ...env },
  });
}

async function trainAlone(script: Script, data: string, seed: number): Promise<string> {
  const env = { PILOT_DATA: join(data, 'train.npz'), PILOT_SEED: String(seed), PILOT_OUT: data };
  await scriptAlone(script, { ...env, PILOT_BATCH: String(BATCH), PILOT_ROUNDS: String(ROUNDS) });
  return join(data, 'model.npz');
}

async function judge(script: Script, model: string, data: string): Promise<number> {
  const metrics = join(data, 'metrics.json');
  const from = { PILOT_DATA: join(data, 'test.npz'), PILOT_WEIGHTS: model, PILOT_EVALUATE: '1' };
  await scriptAlone(script, { ...from, PILOT_METRICS: metrics });
  const found: Record<string, number> = JSON.parse(await readFile(metrics, 'utf8')).metrics;
  const [[name, value] = ['', Number.NaN]] = Object.entries(found);
  return name === 'accuracy' ? value * 100 : value;
}

type At = { script: Script; data: string; seed: number };

const jobOf = (
  { script, seed }: At,
  { way, shards }: Trained,
  blobs: { script: string; data: string },
): CreateJob =>
  ({
    kind: 'training',
    script: { blob: blobs.script, fileName: `${script}.py` },
    data: { blob: blobs.data, fileName: 'train.npz' },
    settings: { shards, rounds: ROUNDS, batch: BATCH, holdout: 0, seed, ...WAYS[way](script, shards) },
  }) as CreateJob;

const dataOf = ({ data }: At, { way }: Trained): string =>
  join(data, way === 'sorted' ? 'sorted.npz' : 'train.npz');

/** By one runner, shard after shard. */
async function trainApart(runner: OneRunner, at: At, one: Trained) {
  const stored = async (path: string) => (await runner.store(path)).hash;
  const blobs = { script: await stored(here(`${at.script}.py`)), data: await stored(dataOf(at, one)) };
  const job = await runner.create(jobOf(at, one, blobs));
  const model = join(at.data, `${job}.npz`);
  await copyFile(await runner.finish(job, at.script), model);
  return { model, bytes: bytesOf(await roundList(runner.parts.db, job, { after: 0, limit: 1_000 })) };
}

/** By workers that reach each other. */
async function trainTogether(farm: Farm, at: At, one: Trained) {
  const client = api(farm.url);
  const blobs = {
    script: await client.upload(here(`${at.script}.py`)),
    data: await client.upload(dataOf(at, one)),
  };
  const job = await client.create(jobOf(at, one, blobs));
  await client.reaches(job, 'completed', 1_800_000);
  const response = await fetch(`${farm.url}/api/v1/jobs/${job}/artifacts/model.npz`);
  if (!response.ok) throw new Error(`the model of ${job} cannot be fetched: ${response.status}`);
  const model = join(at.data, `${job}.npz`);
  await writeFile(model, Buffer.from(await response.arrayBuffer()));
  return { model, bytes: 0 };
}

const bytesOf = ({ rounds }: RoundList): number =>
  median(rounds.map(({ bytes }) => (bytes?.sent ?? 0) + (bytes?.received ?? 0)));
