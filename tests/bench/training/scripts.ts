import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import { api } from '../../support/api.ts';
import { type Farm, startFarm } from '../../support/farm.ts';
import { machine, mean, median, writeFigures } from '../figures.ts';

export type Options = {
  seeds: number[];
  shards: number[];
  ways: string[];
  keep: string;
  outerLr: number | null;
  outerMomentum: number | null;
  often: number;
  dry: boolean;
};
/** Means of one way over the seeds, beside those of the same script alone. */
type Row = { way: string; shards: number; values: number[]; bytes: number };

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const pilot = here('../../../worker/src/kinds/training/python');
const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
const ROUNDS = 8;
const BATCH = 32;
/** Of data.py. */
const ROWS = 2_000;
/** Epochs of a round, as the scripts say them. */
const EPOCHS: Record<string, number> = { cnn: 1, batchnorm: 1 };
const WORKERS = 4;

/** Trains one of the scripts beside this file in every way, and writes its part of docs/benchmarks.md. */
export async function benchScript(script: string, options: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
  const farm = await startFarm({ workers: WORKERS });
  const alone: number[] = [];
  const rows: Row[] = options.ways.flatMap((way) =>
    // Sorted data is split the same way as any: once is enough.
    (way === 'sorted' ? options.shards.slice(-1) : options.shards).map((shards) => ({
      way,
      shards,
      values: [],
      bytes: 0,
    })),
  );
  try {
    for (const seed of options.seeds) {
      const data = join(folder, String(seed));
      await mkdir(data);
      await run(python, [here('data.py'), script, data, String(seed)]);
      alone.push(await judge(script, await trainAlone(script, data, seed), data));
      for (const row of rows) {
        const { model, bytes } = await train(farm, { script, data, seed, row, options });
        row.values.push(await judge(script, model, data));
        row.bytes = bytes;
        const figures = `${row.way} over ${row.shards}: ${row.values.at(-1)?.toFixed(4)}`;
        process.stderr.write(`${script}, seed ${seed}: alone ${alone.at(-1)?.toFixed(4)}, ${figures}\n`);
      }
    }
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const report = reportOf(script, alone, rows, options);
  if (!options.dry) await writeFigures(`training_${script}`, report);
  process.stdout.write(`${report}\n`);
}

async function scriptAlone(script: string, env: Record<string, string>): Promise<void> {
  await run(python, ['-B', here(`${script}.py`)], {
    env: { ...process.env, PYTHONPATH: pilot, OMP_NUM_THREADS: '1', ...env },
  });
}

async function trainAlone(script: string, data: string, seed: number): Promise<string> {
  const env = { PILOT_DATA: join(data, 'train.npz'), PILOT_SEED: String(seed), PILOT_OUT: data };
  await scriptAlone(script, { ...env, PILOT_BATCH: String(BATCH), PILOT_ROUNDS: String(ROUNDS) });
  return join(data, 'model.npz');
}

/** The metric that the script measures of a model on the test rows: accuracy in percent, or a loss. */
async function judge(script: string, model: string, data: string): Promise<number> {
  const metrics = join(data, 'metrics.json');
  const from = { PILOT_DATA: join(data, 'test.npz'), PILOT_WEIGHTS: model, PILOT_EVALUATE: '1' };
  await scriptAlone(script, { ...from, PILOT_METRICS: metrics });
  const found: Record<string, number> = JSON.parse(await readFile(metrics, 'utf8')).metrics;
  const [[name, value] = ['', Number.NaN]] = Object.entries(found);
  return name === 'accuracy' ? value * 100 : value;
}

type Run = { script: string; data: string; seed: number; row: Row; options: Options };

async function train(farm: Farm, { script, data, seed, row, options }: Run) {
  const client = api(farm.url);
  const diloco = row.way === 'diloco';
  const steps = Math.floor(((EPOCHS[script] ?? 2) * ROWS) / BATCH / options.often);
  const rounds = diloco ? ROUNDS * options.often : ROUNDS;
  const { outerLr, outerMomentum } = options;
  const job = await client.create({
    kind: 'training',
    script: { blob: await client.upload(here(`${script}.py`)), fileName: `${script}.py` },
    data: {
      blob: await client.upload(join(data, row.way === 'sorted' ? 'sorted.npz' : 'train.npz')),
      fileName: 'train.npz',
    },
    settings: {
      shards: row.shards,
      rounds,
      batch: BATCH,
      holdout: 0,
      seed,
      params: { keep: options.keep },
      merge: row.way === 'average' ? 'average' : 'outer',
      ...(diloco && { mode: 'diloco', innerSteps: steps }),
      ...(outerLr !== null && { outerLr }),
      ...(outerMomentum !== null && { outerMomentum }),
    },
  });
  await client.reaches(job, 'completed', 1_800_000);
  const list = RoundList.parse(await client.json('GET', `/jobs/${job}/rounds`));
  const sent = list.rounds.map(({ bytes }) => (bytes?.sent ?? 0) + (bytes?.received ?? 0));
  const response = await fetch(`${farm.url}/api/v1/jobs/${job}/artifacts/model.npz`);
  if (!response.ok) throw new Error(`the model of ${job} cannot be fetched: ${response.status}`);
  const model = join(data, `${job}.npz`);
  await writeFile(model, Buffer.from(await response.arrayBuffer()));
  return { model, bytes: median(sent) };
}

function reportOf(script: string, alone: number[], rows: Row[], options: Options): string {
  const loss = mean(alone) < 50 && script !== 'cnn' && !['lstm', 'batchnorm'].includes(script);
  const whole = mean(alone);
  const bound = loss ? whole * 0.01 : 0.5;
  const digits = loss ? 3 : 2;
  const lines = rows.map(({ way, shards, values, bytes }) => {
    const worse = loss ? mean(values) - whole : whole - mean(values);
    const verdict = worse <= bound ? 'within' : `**missed by ${(worse - bound).toFixed(digits)}**`;
    const spread = `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
    return `| ${way} | ${shards} | ${mean(values).toFixed(digits)} (${spread}) | ${(-worse).toFixed(digits)} | ${verdict} | ${(bytes / 1e6).toFixed(2)} MB |`;
  });
  const settings = `keep: ${options.keep}, outer step ${options.outerLr ?? 'default'}/${options.outerMomentum ?? 'default'}, ${options.often} rounds of steps for one of epochs`;
  return `### Training: ${script}

Written by \`npm run bench:training -- --script ${script}\`. ${machine()}. ${options.seeds.length} seeds; ${ROUNDS} rounds of ${EPOCHS[script] ?? 2}
epochs or of as many steps in all, ${ROWS} rows, a batch of ${BATCH} over all shards; ${settings}. Measured on 1,000 rows of
its own; differences are better when positive. Bound: ${loss ? '1 % of the loss' : '0.5 points'}.

| way | shards | ${loss ? 'loss' : 'accuracy'} | to alone | bound | sent and received in a round |
|---|---|---|---|---|---|
| alone | 1 | ${whole.toFixed(digits)} (${Math.min(...alone).toFixed(digits)} to ${Math.max(...alone).toFixed(digits)}) | | | |
${lines.join('\n')}
`;
}
