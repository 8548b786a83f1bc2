import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Part, startFarm } from '../support/farm.ts';
import { machine, median, writeFigures } from './figures.ts';

/**
 * `npm run bench:commands [-- --runs N --rounds N --many N --dry]`: how many runs of a command that does nothing a farm
 * does in a second, from submission to the gathered result, beside GNU parallel with as many jobs at once on the same
 * machine. `--many`: as many runs once more, with the memory of the servers and the time of the pages.
 */
const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    many: { type: 'string', default: '0' },
    dry: { type: 'boolean', default: false },
  },
});
const [runs, rounds, many] = [given.runs, given.rounds, given.many].map(Number) as [number, number, number];

const WORKERS = cpus().length;
const GIVE_UP_MS = 4 * 3_600_000;

type Many = { seconds: number; memory: string[]; pages: string[] };

const [farmRates, parallelRates]: [number[], number[]] = [[], []];
let large: Many | null = null;
const load = loadavg()[0] ?? 0;
for (let round = 0; round < rounds; round += 1) {
  farmRates.push(await onFarm(runs));
  parallelRates.push(await withParallel(runs));
}
if (many > 0) large = await measureMany(many);

const report = describe();
if (!given.dry) await writeFigures('commands', report);
process.stdout.write(`${report}\n${given.dry ? '' : '\nWritten to docs/benchmarks.md\n'}`);

/** Runs a second, from the request until all of them stand in one file. */
async function onFarm(count: number): Promise<number> {
  const farm = await startFarm({ workers: WORKERS });
  try {
    const { create, reaches } = api(farm.url);
    const began = performance.now();
    await reaches(await create(noOps(count)), 'completed', GIVE_UP_MS);
    return count / ((performance.now() - began) / 1_000);
  } finally {
    await farm.stop();
  }
}

function noOps(count: number): CreateJob {
  return CreateJob.parse({
    kind: 'command',
    words: ['true'],
    parameters: { from: 'array', range: { first: 1, last: count } },
    settings: { gather: 'concat' },
    many: true,
  });
}

async function withParallel(count: number): Promise<number> {
  const began = performance.now();
  // `:` in its place would be a builtin of the shell, which starts nothing.
  const child = spawn('parallel', ['--will-cite', '-j', String(WORKERS), '/bin/true'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(Array.from({ length: count }, (_, index) => `${index + 1}\n`).join(''));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`parallel ended with ${code}`);
  return count / ((performance.now() - began) / 1_000);
}

/** The same, much more of it, on one farm: what its servers take, and how its pages answer while it runs and after. */
async function measureMany(count: number): Promise<Many> {
  const farm = await startFarm({ workers: WORKERS });
  try {
    const { create, reaches, json } = api(farm.url);
    const began = performance.now();
    const job = await create(noOps(count));
    await reaches(job, 'running', GIVE_UP_MS);
    const working = await timesOf(json, job);
    await reaches(job, 'completed', GIVE_UP_MS);
    const seconds = (performance.now() - began) / 1_000;
    const done = await timesOf(json, job);
    return {
      seconds,
      memory: [await memory('load balancer', farm.balancer), await memory('client backend', farm.backend)],
      pages: [`while it runs: ${working}`, `when it is done: ${done}`],
    };
  } finally {
    await farm.stop();
  }
}

async function timesOf(
  json: (method: string, path: string) => Promise<unknown>,
  job: JobId,
): Promise<string> {
  const told: string[] = [];
  for (const path of ['', '/chunks/states', '/runs?limit=100']) {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now();
      await json('GET', `/jobs/${job}${path}`);
      times.push(performance.now() - began);
    }
    told.push(`${path === '' ? 'the job' : path.slice(1)} ${median(times).toFixed(0)} ms`);
  }
  return told.join(', ');
}

async function memory(name: string, part: Part): Promise<string> {
  const status = await readFile(`/proc/${part.pid()}/status`, 'utf8');
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
  return `${name} ${Math.round(peak)} MB`;
}

function describe(): string {
  const [ours, theirs] = [median(farmRates), median(parallelRates)];
  const row = (name: string, rates: number[]) =>
    `| ${name} | ${Math.round(median(rates))} | ${rates.map((rate) => Math.round(rate)).join(', ')} |`;
  const lines = [
    '## Short runs of a command',
    '',
    `\`npm run bench:commands\`, ${new Date().toISOString().slice(0, 10)}, ${machine()}; load before ${load.toFixed(1)}. ${runs.toLocaleString('en')} runs of \`true\`, ${WORKERS} at once, in turn; on the farm each in a sandbox and gathered.`,
    '',
    '| | runs/s (median) | each round |',
    '|---|---|---|',
    row('`pilot run`, from submission to the gathered result', farmRates),
    row('GNU parallel', parallelRates),
    '',
    `That is ${(ours / theirs).toFixed(2)} times as many.`,
  ];
  if (large !== null)
    lines.push(
      '',
      `${many.toLocaleString('en')} runs, once: ${Math.round(large.seconds)} s, ${Math.round(many / large.seconds)} runs/s. Most memory: ${large.memory.join(', ')}. Answers ${large.pages.join('; ')}.`,
    );
  return lines.join('\n');
}
