import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';
import { machine, median, writeFigures } from './figures.ts';
import { measureQueue } from './queue.ts';
import { rest } from './rest.ts';

/**
 * `npm run bench:render`: the figures of docs/benchmarks.md. The farm and plain
 * Blender take turns in one run, so a machine that slows down slows both; what
 * counts is the ratio of the medians.
 */
const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const sample = fileURLToPath(new URL('../../examples/sample/orbit.blend', import.meta.url));
const rounds = Number(process.argv[2] ?? 5);

/** Blender took about 58 ms for a frame of 4 samples on the machine the bounds were set on. */
const LONGER_SAMPLES = 32;

type Row = { name: string; farm: number[]; blender: number[]; bound: number };

const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-'));
try {
  const rows = [...(await shortFrames()), await bundledSample()];
  const queue = await measureQueue();
  const report = render(rows, await processPerFrame(), queue);
  await writeFigures('render', report);
  process.stdout.write(`${report}\nWritten to docs/benchmarks.md\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function makeBlends(count: number, samples: number): Promise<void> {
  const script = ['-b', '--factory-startup', '--python', join(here, 'make-bench-blend.py')];
  await run('blender', [...script, '--', folder, String(count), String(samples)]);
}

async function shortFrames(): Promise<Row[]> {
  await makeBlends(rounds * 3, 4);
  await makeBlends(rounds, LONGER_SAMPLES);
  const total: Row = {
    name: 'One worker, 100 Cycles frames of 160x90, 4 samples, upload to last frame stored, against `blender -b -a`',
    farm: [],
    blender: [],
    bound: 1.1,
  };
  const first: Row = {
    name: 'Submit to first frame finished, against Blender starting, loading and rendering it (`blender -b -f 1`)',
    farm: [],
    blender: [],
    bound: 1.2,
  };
  const longer: Row = {
    name: `The same with ${LONGER_SAMPLES} samples`,
    farm: [],
    blender: [],
    bound: 1.04,
  };
  const whole: Row = {
    name: 'The same with 4 samples, from the job’s creation to its end: read the file, render, make a video',
    farm: [],
    blender: total.blender,
    bound: 1.25,
  };
  const farm = await startFarm({ workers: 0 });
  try {
    await farm.addWorker({ PILOT_THREADS: String(cpus().length) });
    for (let round = 0; round < rounds; round += 1) {
      const file = join(folder, `bench-4-${round}.blend`);
      await rest(farm);
      total.farm.push(await farmTime(farm, file));
      await rest(farm);
      total.blender.push(await blenderTime(file, ['-a']));
      const other = join(folder, `bench-4-${rounds + round}.blend`);
      first.farm.push(await farmTime(farm, other, '1'));
      await rest(farm);
      first.blender.push(await blenderTime(other, ['-f', '1']));
      await rest(farm);
      whole.farm.push(await wholeJob(farm, join(folder, `bench-4-${2 * rounds + round}.blend`)));
      const long = join(folder, `bench-${LONGER_SAMPLES}-${round}.blend`);
      await rest(farm);
      longer.farm.push(await farmTime(farm, long));
      await rest(farm);
      longer.blender.push(await blenderTime(long, ['-a']));
    }
  } finally {
    await farm.stop();
  }
  return [total, longer, whole, first];
}

async function bundledSample(): Promise<Row> {
  const row: Row = {
    name: 'Two workers on two cores, the bundled sample, against `blender -b -a` with all threads',
    farm: [],
    blender: [],
    bound: 1.1,
  };
  for (let round = 0; round < 1; round += 1) {
    const farm = await startFarm({ workers: 2 });
    try {
      await rest(farm);
      row.farm.push(await farmTime(farm, sample));
    } finally {
      await farm.stop();
    }
    row.blender.push(await blenderTime(sample, ['-a']));
  }
  return row;
}

/** Seconds from the start of the upload until the last frame is stored. */
async function farmTime(farm: Farm, file: string, frames?: string): Promise<number> {
  const started = performance.now();
  const id = await api(farm.url).submit(file, {
    settings: { video: 'none', ...(frames === undefined ? {} : { frames }) },
  });
  await until(() => framesStored(farm, id), 'the farm never stored the last frame', 600_000);
  return (performance.now() - started) / 1_000;
}

/** Seconds from the job's creation to its end, by the clock of the farm. */
async function wholeJob(farm: Farm, file: string): Promise<number> {
  const { submit, reaches } = api(farm.url);
  const id = await submit(file);
  await reaches(id, 'completed');
  const { created_at, finished_at } = await farm.db
    .selectFrom('jobs')
    .select(['created_at', 'finished_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return (Number(finished_at) - created_at) / 1_000;
}

async function framesStored(farm: Farm, id: JobId): Promise<boolean> {
  const rows = await farm.db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .select(({ fn }) => ['chunks.state', fn.countAll<number>().as('count')])
    .where('chunks.job_id', '=', id)
    .where('stages.name', '=', 'render')
    .groupBy('chunks.state')
    .execute();
  return rows.length === 1 && rows[0]?.state === 'done';
}

async function blenderTime(file: string, what: string[]): Promise<number> {
  const started = performance.now();
  await run('blender', ['-b', file, '-o', join(folder, 'plain', 'f_'), ...what], { maxBuffer: 1 << 28 });
  return (performance.now() - started) / 1_000;
}

async function processPerFrame(): Promise<number> {
  const started = performance.now();
  for (let frame = 1; frame <= 10; frame += 1)
    await blenderTime(join(folder, 'bench-4-0.blend'), ['-f', String(frame)]);
  return ((performance.now() - started) / 1_000) * 10;
}

function render(rows: Row[], perFrame: number, queue: Awaited<ReturnType<typeof measureQueue>>): string {
  const seconds = (values: number[]) =>
    `${median(values).toFixed(2)} s (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
  const plain = median(rows[0]?.blender ?? []);
  return `## Rendering

Written by \`npm run bench:render\`. ${machine()}. Farm and plain Blender take turns in one run; medians
of ${rounds} rounds (the bundled sample: 1), in brackets the least and the most.

| what | farm | plain Blender | ratio | bound |
|---|---|---|---|---|
${rows.map((row) => `| ${row.name} | ${seconds(row.farm)} | ${seconds(row.blender)} | **${(median(row.farm) / median(row.blender)).toFixed(2)}** | ${row.bound.toFixed(2)} |`).join('\n')}
| For comparison: a Blender process for each of the 100 frames (10 measured, times 10) | ${perFrame.toFixed(0)} s | ${plain.toFixed(2)} s | ${(perFrame / plain).toFixed(1)} | |

### A job of ${queue.frames.toLocaleString('en')} frames in the queue

| what | measured | bound |
|---|---|---|
${queue.rows.map((row) => `| ${row.name} | ${row.value} | ${row.bound} |`).join('\n')}
`;
}
