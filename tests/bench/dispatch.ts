import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { SERVER_FLAGS } from '@parallel-pilot/cli/farm/programs.ts';
import { StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import { Queue } from 'bullmq';
import { startBalancerProcess } from '../../load-balancer/tests/support/balancer-process.ts';
import { connectControl } from '../../load-balancer/tests/support/farm-under-test.ts';
import { findPlace } from '../../load-balancer/tests/support/place.ts';
import { countStates, plantJob } from '../../load-balancer/tests/support/planted.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { until } from '../support/until.ts';
import { machine, median, writeFigures } from './figures.ts';
import { type Redis, startRedis } from './redis.ts';

/**
 * `npm run bench:dispatch [-- ROUNDS]`: how fast chunks that do nothing are given out, done and committed. The load
 * balancer is the real process with its flags, over real sockets; BullMQ does as many jobs in the same run, in turn.
 */
const rounds = Number(process.argv[2] ?? 3);

const GIVE_UP_MS = 300_000;

type Shape = { workers: number; slots: number; chunks: number };
type Run = { perSecond: number; cpuMs: number; peakMb: number };
type Row = Shape & { name: string; runs: Run[] };

const SHAPES: Shape[] = [
  { workers: 4, slots: 16, chunks: 20_000 },
  { workers: 100, slots: 2, chunks: 20_000 },
];
const LARGE: Shape = { workers: 1_000, slots: 1, chunks: 100_000 };

const rows: Row[] = [];
const mariadb = await startMariaDb();
const redis = await startRedis();
try {
  const sides = [
    { name: 'Load balancer, SQLite', run: (shape: Shape) => dispatch(shape) },
    { name: 'BullMQ 6, Redis (appendfsync always)', run: (shape: Shape) => bullmq(redis, shape) },
  ];
  for (const shape of SHAPES) for (const { name } of sides) rows.push({ ...shape, name, runs: [] });
  for (let round = 0; round < rounds; round += 1)
    for (const shape of SHAPES)
      for (const { name, run } of sides) rowOf(shape, name).runs.push(await run(shape));
  rows.push({ ...LARGE, name: 'Load balancer, SQLite', runs: [await dispatch(LARGE)] });
  const [, many = LARGE] = SHAPES;
  rows.push({ ...many, name: 'Load balancer, MariaDB', runs: [await dispatch(many, mariadb.url)] });
} finally {
  await redis.stop();
  await mariadb.stop();
}
const report = describe(rows);
await writeFigures('dispatch', report);
process.stdout.write(`${report}\nWritten to docs/benchmarks.md\n`);

function rowOf(shape: Shape, name: string): Row {
  const row = rows.find((it) => it.name === name && it.workers === shape.workers);
  if (row === undefined) throw new Error(`no row for ${name}`);
  return row;
}

/** From telling the balancer of a job, which lies in the database, until its last chunk is committed. */
async function dispatch(shape: Shape, databaseUrl?: string): Promise<Run> {
  const place = await findPlace(databaseUrl);
  const balancer = await startBalancerProcess(place.env, SERVER_FLAGS);
  const pid = balancer.child.pid ?? 0;
  let workers: ChildProcess | undefined;
  try {
    const url = `http://127.0.0.1:${balancer.port}`;
    workers = await startPart('no-op-workers.ts', [url, shape.workers, shape.slots], {
      PILOT_TOKEN: place.token,
    });
    const { job, stage } = await plantJob(place.db, { chunks: shape.chunks });
    const control = connectControl(url, place.secrets);
    await new Promise<void>((resolve) => control.once('connect', resolve));
    const settled = new Promise<void>((resolve) => {
      control.on('stage-patch', (said) => {
        const patch = StagePatch.parse(said);
        if (patch.stage === stage && patch.settled) resolve();
      });
    });
    const before = await cpuMs(pid);
    const started = performance.now();
    control.emit('jobs-changed', { jobs: [job] });
    await within(settled, `${shape.chunks} chunks were not done`);
    const seconds = (performance.now() - started) / 1_000;
    const spent = (await cpuMs(pid)) - before;
    const { done } = await countStates(place.db, stage);
    if (done !== shape.chunks) throw new Error(`${done} of ${shape.chunks} chunks are in the database`);
    control.close();
    return { perSecond: shape.chunks / seconds, cpuMs: spent / shape.chunks, peakMb: await peakMb(pid) };
  } finally {
    await end(workers);
    await balancer.end('SIGTERM');
    await place.remove();
  }
}

/** From starting workers that are connected until the last job, all of which lie in Redis, is completed. */
async function bullmq(server: Redis, { workers: count, slots, chunks }: Shape): Promise<Run> {
  const name = `no-op-${performance.now()}`;
  const queue = new Queue(name, { connection: { path: server.socket } });
  let workers: ChildProcess | undefined;
  try {
    for (let first = 0; first < chunks; first += 1_000)
      await queue.addBulk(
        Array.from({ length: 1_000 }, (_, i) => ({ name: 'chunk', data: { frame: first + i } })),
      );
    workers = await startPart('bullmq-workers.ts', [server.socket, name, count, slots]);
    const before = await cpuMs(server.pid);
    const started = performance.now();
    workers.send('go');
    await until(
      async () => (await queue.getCompletedCount()) === chunks,
      'the jobs were not done',
      GIVE_UP_MS,
    );
    const seconds = (performance.now() - started) / 1_000;
    const spent = (await cpuMs(server.pid)) - before;
    return { perSecond: chunks / seconds, cpuMs: spent / chunks, peakMb: await peakMb(server.pid) };
  } finally {
    await end(workers);
    await queue.obliterate({ force: true });
    await queue.close();
  }
}

/** One of the programs beside this file, once it is ready. */
async function startPart(
  file: string,
  args: (string | number)[],
  env: Record<string, string> = {},
): Promise<ChildProcess> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, args.map(String), { env: { ...process.env, ...env } });
  const died = once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended before it was ready`)));
  await within(Promise.race([once(child, 'message'), died]), `${file} was never ready`);
  died.catch(() => {});
  return child;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function within<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  let bell: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    bell = setTimeout(() => reject(new Error(`${otherwise} within ${GIVE_UP_MS / 1_000} s`)), GIVE_UP_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(bell);
  }
}

/** User and system time, see proc(5): fields 14 and 15, in ticks of 10 ms. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

function describe(measured: Row[]): string {
  const number = (value: number) => Math.round(value).toLocaleString('en');
  const spread = (values: number[]) =>
    values.length === 1
      ? number(values[0] ?? 0)
      : `**${number(median(values))}** (${number(Math.min(...values))}–${number(Math.max(...values))})`;
  const lines = measured.map(({ name, workers, slots, chunks, runs }) => {
    const cpu = median(runs.map((run) => run.cpuMs)).toFixed(3);
    const memory = number(Math.max(...runs.map((run) => run.peakMb)));
    const speed = spread(runs.map((run) => run.perSecond));
    return `| ${name} | ${number(workers)} of ${slots} | ${number(chunks)} | ${speed} | ${cpu} ms | ${memory} MB |`;
  });
  return `## Dispatch

Written by \`npm run bench:dispatch\`. ${machine()}, load ${loadavg()[0]?.toFixed(1)}. Chunks that do nothing, from one queue to workers over a
socket each, until the last one is committed; the workers are one process beside the load balancer, on the same cores. BullMQ
does as many jobs in turn, its workers one process too, its Redis private and writing before it acknowledges, as
SQLite does here (\`synchronous=full\`). Medians of ${rounds} rounds, in brackets the least and the most; the last two rows: 1.

| what | workers | chunks | chunks a second | processor for each, of the balancer or Redis | memory, most |
|---|---|---|---|---|---|
${lines.join('\n')}

Bounds: 10,000 a second with 100 workers, and 250 MB with 1,000 workers and 100,000 chunks.
`;
}
