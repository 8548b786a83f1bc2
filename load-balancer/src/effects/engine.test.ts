import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobId, LeaseId, OwnerId } from '@parallel-pilot/shared/model/ids.ts';
import { connectDatabase, migrate } from '@parallel-pilot/shared/server/db/connect.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { until } from '../../../tests/support/until.ts';
import { plantJob } from '../../tests/support/planted.ts';
import type { ReplyTo } from '../farm/events.ts';
import { JobFault } from '../farm/job-fault.ts';
import { createBroadcast } from './broadcast.ts';
import { FarmEngine } from './engine.ts';
import { HandlerError } from './handler-error.ts';
import { isolate } from './isolate.ts';
import { loadFarm } from './load-farm.ts';
import type { Wire } from './perform.ts';
import { Quarantine } from './quarantine.ts';

const log = createLog('test', 'silent');
const lease = 'lse_00000001' as LeaseId;

/** An engine on a database of its own; instead of sockets, a record of what it answered. */
async function startEngine() {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-engine-'));
  const db = connectDatabase(`sqlite:${join(folder, 'farm.sqlite')}`);
  await migrate(db);
  const planted = await plantJob(db, { chunks: 2 });
  const answers = new Map<ReplyTo, string>();
  const wire: Wire = {
    reply: (to, reply) => void answers.set(to, reply.ok ? 'ok' : reply.code),
    welcome: (to) => void answers.set(to, 'welcome'),
    assign() {},
    reclaim() {},
    revoke() {},
    close() {},
  };
  const quarantine = new Quarantine(Date.now, log);
  const broadcast = createBroadcast(
    () => engine.farm,
    () => [],
  );
  const { farm, read } = await loadFarm(db, Date.now, quarantine);
  const owner = 'own_local00000000000000' as OwnerId;
  const parts = { db, owner, clock: Date.now, random: randomBytes, log, wire, broadcast, quarantine };
  const engine: FarmEngine = new FarmEngine(parts, farm, read);
  return {
    engine,
    parts,
    answers,
    planted,
    async stop() {
      await engine.stop();
      broadcast.close();
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test('an event that cannot be handled is refused, and those that came with it are not', async () => {
  const { engine, answers, stop } = await startEngine();
  try {
    const planted = () => {
      throw new Error('planted');
    };
    const failed = { lease, code: 'hung', message: '', busyMs: 1, log: '' } as const;
    engine.push({ type: 'failed', session: 1, reply: 1, failed });
    engine.push({
      type: 'failed',
      get session() {
        return planted();
      },
      reply: 2,
      failed,
    });
    const hello = { worker: 'wrk_00000001', name: 'a', slots: 1, capabilities: {}, blobs: [], machine: {} };
    engine.push({
      type: 'hello',
      session: 2,
      reply: 3,
      identityHash: 'x',
      hello: {
        ...hello,
        get leases() {
          return planted();
        },
      } as never,
    });
    engine.push({ type: 'failed', session: 1, reply: 4, failed });
    await until(
      () => answers.size === 4,
      () => `only ${answers.size} were answered`,
    );
    assert.deepEqual(Object.fromEntries(answers), {
      1: 'not-allowed',
      2: 'invalid-message',
      3: 'not-ready',
      4: 'not-allowed',
    });
    assert.equal(engine.ready(), true);
  } finally {
    await stop();
  }
});

test('what this process had wrong in mind is cured by reading it again, and drops nothing', async () => {
  const { engine, answers, planted, parts, stop } = await startEngine();
  try {
    await until(() => engine.farm.stages.has(planted.stage), 'the job was not read');
    const farm = engine.farm;
    // As if done, while a retry makes it wait: the database finds it waiting still.
    farm.stages.get(planted.stage)?.chunks.set(0, 'running', 1);
    engine.push({ type: 'retry', reply: 1, job: planted.job });
    await until(() => answers.get(1), 'no answer');
    assert.equal(answers.get(1), 'ok');
    assert.equal(parts.quarantine.holds(planted.job), false);
  } finally {
    await stop();
  }
});

test('a fault that lies with a job puts that job into quarantine, whatever event met it, and drops no tick', async () => {
  const { engine, parts, planted, stop } = await startEngine();
  try {
    const job = 'job_00000001' as JobId;
    const tick = { type: 'tick' } as const;
    const error = new HandlerError(tick, [tick], new JobFault(job, 'planted'));
    const attempt = { farm: engine.farm, effects: [] };
    assert.deepEqual(await isolate(error, attempt, parts), []);
    assert.ok(parts.quarantine.holds(job) && !parts.quarantine.holds(planted.job));
    const dropped = await isolate(new HandlerError(tick, [tick], new Error('planted')), attempt, parts);
    assert.deepEqual(dropped, [tick]);
  } finally {
    await stop();
  }
});

test('quarantine lasts longer each time, and is forgiven after an hour without a fault', () => {
  let now = 0;
  const said: number[] = [];
  const quarantine = new Quarantine(() => now, {
    error: (it: { forMs: number }) => said.push(it.forMs),
  } as never);
  const job = 'job_00000001' as JobId;
  for (let times = 0; times < 9; times += 1) {
    quarantine.add(job, { err: null });
    // Said once, however often it is met meanwhile.
    quarantine.add(job, { err: null });
    assert.ok(quarantine.holds(job));
    now += said.at(-1) ?? 0;
    assert.ok(!quarantine.holds(job));
  }
  assert.deepEqual(said, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  now += 3_600_001;
  quarantine.add(job, { err: null });
  assert.equal(said.at(-1), 5_000);
});
