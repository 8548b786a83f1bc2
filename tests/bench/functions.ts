import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { upload } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';
import { machine, median, writeFigures } from './figures.ts';

/**
 * `npm run bench:functions [-- --calls N --dry]`: what a farm of two workers adds to a call of a warm handler, how long a
 * cold one takes beyond Python's own start, how many calls of a handler that does nothing it answers in a second, and
 * what comes of many clients' calls while a worker is killed.
 */
const { values: given } = parseArgs({
  options: { calls: { type: 'string', default: '10000' }, dry: { type: 'boolean', default: false } },
});
const CALLS = Number(given.calls);
const CLIENTS = 50;
const COLD_ROUNDS = 10;
const WARM_CALLS = 1_000;
const RATE = 500;
const RATE_SECONDS = 10;

const NO_OP = 'def handle(event, context):\n    return event\n';
/** One whose calls are under way long enough to be lost with a worker. */
const BRIEF = 'import time\ndef handle(event, context):\n    time.sleep(0.02)\n    return event\n';
const folder = await mkdtemp(join(tmpdir(), 'pilot-bench-functions-'));
const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });
const load = loadavg()[0] ?? 0;
const farm = await startFarm({ workers: 2, env: { PILOT_SLOTS: '1' } });
try {
  await until(
    async () =>
      (await farm.db.selectFrom('workers').select('id').where('status', '=', 'online').execute()).length ===
      2,
    'the workers never came',
  );
  const cold = await measureCold();
  const warm = await measureWarm();
  const rate = await measureRate();
  const killed = await measureKilled();
  const report = describe({ cold, warm, rate, killed });
  if (!given.dry) await writeFigures('functions', report);
  process.stdout.write(`${report}\n${given.dry ? '' : '\nWritten to docs/benchmarks.md\n'}`);
} finally {
  agent.destroy();
  await farm.stop();
  await rm(folder, { recursive: true, force: true });
}

async function deploy(name: string, settings: object = {}, text = NO_OP): Promise<void> {
  const file = join(folder, 'handler.py');
  await writeFile(file, text);
  const blob = await upload(farm.url, file);
  const reply = await post(
    '/functions',
    JSON.stringify({ name, handler: 'handler.py', files: [{ path: 'handler.py', blob }], settings }),
  );
  if (reply.status !== 201) throw new Error(reply.text);
}

type Reply = { status: number; text: string };

function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${farm.url}/api/v1${path}`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (part: string) => {
          text += part;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
        reply.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Milliseconds of a call, from the request to its answer. */
async function timed(name: string, event: unknown): Promise<number> {
  const began = performance.now();
  const reply = await post(`/functions/${name}/invoke`, JSON.stringify(event));
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
  return performance.now() - began;
}

/** Each of a function that was never called before. Python's own start is that of one that ends at once. */
async function measureCold() {
  const [calls, python]: [number[], number[]] = [[], []];
  for (let round = 0; round < COLD_ROUNDS; round += 1) {
    const name = `cold-${round}`;
    await deploy(name, { max: 1, idleSeconds: 1 });
    calls.push(await timed(name, round));
    const began = performance.now();
    await execa('python3', ['-c', 'import json, threading, traceback']);
    python.push(performance.now() - began);
    // Its place is free again for the next one.
    await fetch(`${farm.url}/api/v1/functions/${name}`, { method: 'DELETE' });
    await until(async () => (await openLeases(farm)) === 0, 'an instance never ended');
  }
  return { call: median(calls), worst: Math.max(...calls), python: median(python) };
}

async function ready(name: string, instances: number): Promise<void> {
  await until(
    async () => (await (await fetch(`${farm.url}/api/v1/functions/${name}`)).json()).instances === instances,
    `${name} never had ${instances} instances`,
    60_000,
  );
}

async function openLeases({ db }: Farm): Promise<number> {
  return (await db.selectFrom('leases').select('id').where('ended_at', 'is', null).execute()).length;
}

/** One after the other, on a farm that does nothing else. */
async function measureWarm() {
  await deploy('warm', { min: 1, max: 1 });
  for (let call = 0; call < 50; call += 1) await timed('warm', call);
  const times: number[] = [];
  for (let call = 0; call < WARM_CALLS; call += 1) {
    times.push(await timed('warm', call));
    await pause(2);
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** So many calls a second, whatever becomes of those before: as many answers as calls, each its own. */
async function measureRate() {
  await deploy('rate', { min: 2, max: 2, concurrency: 8 });
  await fetch(`${farm.url}/api/v1/functions/warm`, { method: 'DELETE' });
  await ready('rate', 2);
  for (let call = 0; call < 200; call += 1) await timed('rate', call);
  const times: number[] = [];
  const wrong: string[] = [];
  const all: Promise<void>[] = [];
  const began = performance.now();
  for (let call = 0; call < RATE * RATE_SECONDS; call += 1) {
    const late = began + (1_000 * call) / RATE - performance.now();
    if (late > 1) await pause(late);
    const sentAt = performance.now();
    const done = post('/functions/rate/invoke', String(call)).then((reply) => {
      times.push(performance.now() - sentAt);
      if (reply.status !== 200 || reply.text !== String(call)) wrong.push(`${reply.status} ${reply.text}`);
    });
    all.push(done);
  }
  await Promise.all(all);
  const seconds = (performance.now() - began) / 1_000;
  // As fast as it goes.
  let next = 0;
  const most = performance.now();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (next < RATE * RATE_SECONDS) {
        const call = next++;
        const reply = await post('/functions/rate/invoke', String(call));
        if (reply.text !== String(call)) wrong.push(`${reply.status} ${reply.text}`);
      }
    }),
  );
  const fastest = (RATE * RATE_SECONDS) / ((performance.now() - most) / 1_000);
  return {
    answered: times.length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    fastest,
    wrong,
  };
}

/** Clients that repeat what was lost with the same key, while a worker is killed and comes back. */
async function measureKilled() {
  await fetch(`${farm.url}/api/v1/functions/rate`, { method: 'DELETE' });
  await deploy('brief', { min: 2, max: 2, concurrency: 8 }, BRIEF);
  await ready('brief', 2);
  const answers = new Map<number, string[]>();
  let [next, repeated] = [0, 0];
  const began = performance.now();
  const killing = (async () => {
    await until(() => next > CALLS / 4, 'too few calls', 600_000);
    const [worker] = farm.workers;
    await worker?.end('SIGKILL');
    await worker?.start();
  })();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (next < CALLS) {
        const call = next++;
        const headers = { 'idempotency-key': `call-${call}` };
        for (;;) {
          const reply = await post('/functions/brief/invoke', String(call), headers);
          if (reply.status === 200) {
            answers.set(call, [...(answers.get(call) ?? []), reply.text]);
            break;
          }
          if (![409, 429, 502, 503, 504].includes(reply.status))
            throw new Error(`${reply.status} ${reply.text}`);
          repeated += 1;
          await pause(50);
        }
      }
    }),
  );
  await killing;
  const seconds = (performance.now() - began) / 1_000;
  const right = [...answers].filter(
    ([call, texts]) => texts.length === 1 && texts[0] === String(call),
  ).length;
  const rows = await farm.db
    .selectFrom('calls')
    .select((eb) => ['state', eb.fn.countAll().as('count')])
    .where('idempotency_key', 'like', 'call-%')
    .groupBy('state')
    .execute();
  const recorded = rows.map(({ state, count }) => `${count} ${state}`).join(', ');
  return { right, repeated, seconds, recorded };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

type Measured = {
  cold: Awaited<ReturnType<typeof measureCold>>;
  warm: Awaited<ReturnType<typeof measureWarm>>;
  rate: Awaited<ReturnType<typeof measureRate>>;
  killed: Awaited<ReturnType<typeof measureKilled>>;
};

function describe({ cold, warm, rate, killed }: Measured): string {
  const ms = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  return [
    '## Functions',
    '',
    `\`npm run bench:functions\`, ${new Date().toISOString().slice(0, 10)}, ${machine()}; load before ${load.toFixed(1)}. Two workers of one slot, a Python handler that returns its event, clients on the same machine.`,
    '',
    '| | | asked for |',
    '|---|---|---|',
    `| warm call, one at a time, p50 | ${ms(warm.p50)} | < 15 ms |`,
    `| warm call, p99 | ${ms(warm.p99)} | < 60 ms |`,
    `| cold call, median of ${COLD_ROUNDS} (slowest ${ms(cold.worst)}) | ${ms(cold.call)} | |`,
    `| beyond Python's own start (${ms(cold.python)}) | ${ms(cold.call - cold.python)} | < 1 s |`,
    `| ${RATE} calls a second for ${RATE_SECONDS} s: answered a second, p50, p99 | ${Math.round(rate.answered)}, ${ms(rate.p50)}, ${ms(rate.p99)} | ${RATE} |`,
    `| ${CLIENTS} clients as fast as they can | ${Math.round(rate.fastest)} calls/s | |`,
    `| answers lost or another's in both | ${rate.wrong.length} | 0 |`,
    '',
    `${CALLS.toLocaleString('en')} calls with idempotency keys, of a handler that sleeps for 20 ms, from ${CLIENTS} clients while one of the workers is killed and comes back: ${killed.right.toLocaleString('en')} answered once and rightly, ${killed.repeated} requests repeated (lost with the worker, or asked for while under way), ${killed.seconds.toFixed(1)} s. Recorded: ${killed.recorded}.`,
  ].join('\n');
}
