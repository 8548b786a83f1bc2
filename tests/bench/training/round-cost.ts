import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { z } from 'zod';
import { api } from '../../support/api.ts';
import { type Farm, startFarm } from '../../support/farm.ts';
import { machine, median, writeFigures } from '../figures.ts';
import { type Disks, watchDisks } from './model-copies.ts';

/**
 * `npm run bench:training -- --part round-cost`: what a round costs beyond the script of its slowest shard, and where
 * that time goes; for a small model over four workers, and for one of 100 MB over two.
 */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
const dry = process.argv.includes('--dry');
const only = process.argv.find((one) => one.startsWith('--only='))?.slice('--only='.length);
const times = (name: string, usual: number) =>
  Number(process.argv.find((one) => one.startsWith(`--${name}=`))?.split('=')[1] ?? usual);
const MODEL_BYTES = 100e6;
const Seconds = z.object({ seconds: z.number() });
/** Plain numpy, so that nothing but the model is large: each step changes all of it. */
const LARGE = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros((${MODEL_BYTES / 4 / 1000}, 1000), np.float32)})["w"]
rng = np.random.default_rng(pilot.seed + pilot.shard)
for epoch in pilot.epochs(1):
    w += np.float32(0.001) * rng.standard_normal(1000, dtype=np.float32)
pilot.finish({"w": w}, metrics={"loss": 1.0})
`;

/** Of one round, seconds; all but `script`, `merge` and `wall` add up to what it costs beyond these two. */
type Round = {
  wall: number;
  script: number;
  merge: number;
  /** From the plan until the last shard is on its worker. */
  grant: number;
  /** On the worker and the way back, beside the script: inputs, fork, uploads, report. */
  worker: number;
  /** Until the merge is planned: the check of the updates. */
  check: number;
  mergeGrant: number;
  mergeWorker: number;
  mergeCheck: number;
};

const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
try {
  const small = only === 'large' ? null : await smallModel();
  const large = only === 'small' ? null : await largeModel();
  const report = `### Training: what a round costs

Written by \`npm run bench:training -- --part round-cost\`. ${machine()}, of which workers, load balancer and backend share all.
Medians of the rounds, seconds. *Beyond* is a round's wall time less the time in the script of its slowest shard and, for the large
model, less the time in the merge.

| | wall | script | merge | **beyond** | to the workers | on the workers | check | to the merge | beside the merge | check of it |
|---|---|---|---|---|---|---|---|---|---|---|
${small === null ? '' : rowOf('digits, 19 KB, 4 shards on 4 workers, bound 0.15', small.rounds, false)}
${large === null ? '' : rowOf('100 MB, 2 shards on 2 workers, bound 1.5', large.rounds, true)}

${large === null ? '' : memoryOf(large.disks)}
`.replaceAll(/\n{3,}/g, '\n\n');
  if (!dry) await writeFigures('training_round_cost', report);
  process.stdout.write(`${report}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function smallModel() {
  const data = here('../../../examples/training/digits.npz');
  const script = here('../../../examples/training/digits_mlp.py');
  const farm = await startFarm({ workers: 4 });
  try {
    return {
      rounds: await train(farm, script, data, {
        shards: 4,
        rounds: times('rounds', 30),
        holdout: 0,
        merge: 'outer',
      }),
    };
  } finally {
    await farm.stop();
  }
}

async function largeModel() {
  const script = join(folder, 'large.py');
  const data = join(folder, 'rows.npz');
  await writeFile(script, LARGE);
  await promisify(execFile)(python, [
    '-c',
    'import sys, numpy as np; np.savez(sys.argv[1], X=np.zeros((64, 2)), y=np.arange(64) % 2)',
    data,
  ]);
  const farm = await startFarm({ workers: 2 });
  try {
    const disks = watchDisks(farm, MODEL_BYTES);
    const rounds = await train(farm, script, data, {
      shards: 2,
      rounds: times('rounds', 8),
      holdout: 0,
      merge: 'average',
      models: 'best',
    });
    return { rounds, disks: await disks.stop() };
  } finally {
    await farm.stop();
  }
}

async function train(
  farm: Farm,
  script: string,
  data: string,
  settings: Partial<TrainingSettings>,
): Promise<Round[]> {
  const client = api(farm.url);
  const job = await client.create({
    kind: 'training',
    script: { blob: await client.upload(script), fileName: basename(script) },
    data: { blob: await client.upload(data), fileName: basename(data) },
    settings,
  } as Parameters<typeof client.create>[0]);
  // Asked over and over, the farm would be busy with its answers.
  await ended(farm, job);
  await client.reaches(job, 'completed', 60_000);
  // The first round begins with Python.
  return (await roundsOf(farm, job)).slice(1);
}

async function ended(farm: Farm, job: JobId): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const row = await farm.db.selectFrom('jobs').select('state').where('id', '=', job).executeTakeFirst();
    if (row === undefined || !['queued', 'preparing', 'running', 'assembling'].includes(row.state)) return;
  }
}

async function roundsOf(farm: Farm, job: JobId): Promise<Round[]> {
  const rows = await farm.db
    .selectFrom('stages')
    .innerJoin('chunks', 'chunks.stage_id', 'stages.id')
    .innerJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .select(['stages.ordinal', 'stages.name', 'stages.planned_at', 'stages.closed_at'])
    .select(['leases.granted_at', 'leases.ended_at', 'leases.result_json'])
    .where('stages.job_id', '=', job)
    .where('stages.name', 'in', ['train', 'merge'])
    .execute();
  const stages = Map.groupBy(rows, ({ ordinal }) => ordinal);
  const parts = [...stages.keys()]
    .toSorted((a, b) => a - b)
    .map((ordinal) => {
      const chunks = stages.get(ordinal) ?? [];
      const [{ name, planned_at: planned, closed_at: closed } = nothing()] = chunks;
      const script = Math.max(
        ...chunks.map((one) => Seconds.parse(JSON.parse(one.result_json ?? '')).seconds),
      );
      const granted = Math.max(...chunks.map((one) => one.granted_at));
      const over = Math.max(...chunks.map((one) => one.ended_at ?? 0));
      const [grant, work, check] = [granted - planned, over - granted, (closed ?? 0) - over].map(
        (ms) => ms / 1_000,
      );
      return { name, script, grant: grant ?? 0, worker: (work ?? 0) - script, check: check ?? 0 };
    });
  return parts.flatMap((train, index) => {
    const merge = parts[index + 1];
    if (train.name !== 'train' || merge === undefined) return [];
    const wall = [train, merge].reduce(
      (sum, one) => sum + one.script + one.grant + one.worker + one.check,
      0,
    );
    const { script, grant, worker, check } = train;
    const of = { mergeGrant: merge.grant, mergeWorker: merge.worker, mergeCheck: merge.check };
    return [{ wall, script, grant, worker, check, merge: merge.script, ...of }];
  });
}

function nothing(): never {
  throw new Error('a stage has no chunk');
}

function rowOf(name: string, rounds: readonly Round[], lessMerge: boolean): string {
  const of = (value: (round: Round) => number) => median(rounds.map(value)).toFixed(2);
  const beyond = of(({ wall, script, merge }) => wall - script - (lessMerge ? merge : 0));
  const parts = [
    of((it) => it.grant),
    of((it) => it.worker),
    of((it) => it.check),
    of((it) => it.mergeGrant),
    of((it) => it.mergeWorker),
    of((it) => it.mergeCheck),
  ];
  return `| ${[name, of((it) => it.wall), of((it) => it.script), of((it) => it.merge), `**${beyond}**`, ...parts].join(' | ')} |`;
}

function memoryOf({ copies, bytes, peaks }: Disks): string {
  const told = Object.entries(peaks).map(([name, peak]) => `${name} ${Math.round(peak / 1e6)} MB`);
  return `At most ${copies} files of one and the same model on the disk of a machine that is backend and workers at once, links counted once; at
most ${(bytes / MODEL_BYTES).toFixed(1)} models in all. Peaks of resident memory: ${told.join(', ')}.`;
}
