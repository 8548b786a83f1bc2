import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TrainResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../../support/api.ts';
import { type Farm, startFarm } from '../../support/farm.ts';
import { until } from '../../support/until.ts';
import { machine, mean, median, writeFigures } from '../figures.ts';

/**
 * `npm run bench:training -- --script digits`: whether a model trained over four shards is as good
 * as one trained by the same script on one machine, for equal epochs, also when
 * a worker is killed in every run or the data comes sorted; and what a round
 * costs beyond its slowest shard.
 */
const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const script = here('../../../examples/training/digits_mlp.py');
const pilot = here('../../../worker/src/kinds/training/python');
const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
const SHARDS = 4;
const ROUNDS = 20;
const seeds = Array.from({ length: Number(process.argv[2] ?? 5) }, (_, index) => index + 1);

type Way = 'alone' | 'farm' | 'killed' | 'sorted';
const accuracies: Record<Way, number[]> = { alone: [], farm: [], killed: [], sorted: [] };
const overheads: number[] = [];

const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
const farm = await startFarm({ workers: SHARDS });
try {
  for (const seed of seeds) {
    const data = join(folder, String(seed));
    await mkdir(data);
    await run(python, [here('digits.py'), 'split', data, String(seed)]);
    const test = join(data, 'test.npz');
    accuracies.alone.push(await judge(await trainAlone(data, seed), test));
    const even = await submit(join(data, 'train.npz'), seed);
    accuracies.farm.push(await judge(await fetchModel(even, data), test));
    overheads.push(...(await overheadsOf(even)));
    const sorted = await submit(join(data, 'sorted.npz'), seed);
    accuracies.sorted.push(await judge(await fetchModel(sorted, data), test));
    const killed = await submit(join(data, 'train.npz'), seed + 1_000);
    await killInRound(killed, seed);
    accuracies.killed.push(await judge(await fetchModel(killed, data), test));
    process.stderr.write(`seed ${seed}: ${lineOf((way) => accuracies[way].at(-1) ?? Number.NaN)}\n`);
  }
  const report = figures();
  await writeFigures('training', report);
  process.stdout.write(`${report}\nWritten to docs/benchmarks.md\n`);
} finally {
  await farm.stop();
  await rm(folder, { recursive: true, force: true });
}

/** The same script with all rows, as many epochs and the whole batch; returns the model's path. */
async function trainAlone(data: string, seed: number): Promise<string> {
  await run(python, [script], {
    cwd: data,
    env: {
      ...process.env,
      PYTHONPATH: pilot,
      PILOT_DATA: join(data, 'train.npz'),
      PILOT_SEED: String(seed),
      PILOT_ROUNDS: String(ROUNDS),
      PILOT_OUT: data,
    },
  });
  return join(data, 'model.npz');
}

async function submit(data: string, seed: number): Promise<JobId> {
  const client = api(farm.url);
  return client.create({
    kind: 'training',
    script: { blob: await client.upload(script), fileName: basename(script) },
    data: { blob: await client.upload(data), fileName: basename(data) },
    settings: { shards: SHARDS, rounds: ROUNDS, merge: 'outer', holdout: 0, seed },
  });
}

async function fetchModel(job: JobId, data: string): Promise<string> {
  await api(farm.url).reaches(job, 'completed', 600_000);
  const response = await fetch(`${farm.url}/api/v1/jobs/${job}/artifacts/model.npz`);
  if (!response.ok) throw new Error(`the model of ${job} cannot be fetched: ${response.status}`);
  const path = join(data, `${job}.npz`);
  await writeFile(path, Buffer.from(await response.arrayBuffer()));
  return path;
}

async function judge(model: string, test: string): Promise<number> {
  const { stdout } = await run(python, [here('digits.py'), 'judge', model, test]);
  return Number(stdout) * 100;
}

/** Kills a worker that is at a shard of the third round or a later one, and starts another in its place. */
async function killInRound(job: JobId, seed: number): Promise<void> {
  const victim = await until(() => busyWorker(farm, job, 3 + (seed % 5)), 'no shard was under way', 120_000);
  await victim.end('SIGKILL');
  await victim.start();
}

async function busyWorker(on: Farm, job: JobId, round: number) {
  const row = await on.db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('leases', 'leases.chunk_id', 'chunks.id')
    .innerJoin('workers', 'workers.id', 'leases.worker_id')
    .select('workers.name')
    .where('chunks.job_id', '=', job)
    .where('chunks.state', '=', 'running')
    .where('leases.outcome', 'is', null)
    .where('stages.name', '=', 'train')
    // split, initialize, then train and merge of each round.
    .where('stages.ordinal', '>=', 2 * round)
    .executeTakeFirst();
  return row === undefined ? null : on.workers.find((worker) => worker.name === row.name);
}

/** Of every round, its wall time less the time that its slowest shard spent in the script, seconds. */
async function overheadsOf(job: JobId): Promise<number[]> {
  const { rounds } = RoundList.parse(await api(farm.url).json('GET', `/jobs/${job}/rounds`));
  const stages = await farm.db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .select(['stages.ordinal', 'leases.result_json'])
    .where('chunks.job_id', '=', job)
    .where('stages.name', '=', 'train')
    .execute();
  return rounds.flatMap(({ round, seconds }) => {
    const shards = stages.filter((stage) => stage.ordinal === 2 * round);
    const slowest = Math.max(
      ...shards.map((shard) => TrainResult.parse(JSON.parse(shard.result_json ?? 'null')).seconds),
    );
    return seconds === null ? [] : [seconds - slowest];
  });
}

function lineOf(value: (way: Way) => number): string {
  return (Object.keys(accuracies) as Way[]).map((way) => `${way} ${value(way).toFixed(2)}`).join(', ');
}

function figures(): string {
  const alone = mean(accuracies.alone);
  const row = (name: string, way: Way, bound: string) => {
    const values = accuracies[way];
    const spread = `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
    return `| ${name} | ${mean(values).toFixed(2)} % (${spread}) | ${(mean(values) - alone).toFixed(2)} | ${bound} |`;
  };
  return `## Training

Written by \`npm run bench:training\`. ${machine()}. The digits of examples/training, 1347 rows to train
and 450 to test, by \`digits_mlp.py\`: ${ROUNDS} rounds of 2 epochs, ${SHARDS} shards on ${SHARDS} workers, merge \`outer\`; the
same script alone for as many epochs. Means of ${seeds.length} seeds, in brackets the least and the most.

| what | accuracy on the test rows | difference to alone, points | bound |
|---|---|---|---|
${row('One machine, the same script', 'alone', '')}
${row('Four shards', 'farm', '-0.5')}
${row('Four shards, a worker killed (-9) in the middle of a round of every run', 'killed', '-1.0')}
${row('Four shards, the data sorted by label', 'sorted', '-0.5')}

A round's wall time less the training time of its slowest shard, median of ${overheads.length} rounds: **${median(overheads).toFixed(2)} s**
(least ${Math.min(...overheads).toFixed(2)}, most ${Math.max(...overheads).toFixed(2)}), bound 0.5 s. Four workers share ${machine().split(' ')[0]} cores here.
`;
}
