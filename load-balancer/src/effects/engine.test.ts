import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { until } from '../../../tests/support/until.ts';
import { startEngine } from '../../tests/support/engine-under-test.ts';
import { addLease } from '../farm/change-chunk.ts';
import { JobFault } from '../farm/job-fault.ts';
import { expectBack } from '../reactor/enter-stage.ts';
import { HandlerError } from './handler-error.ts';
import { isolate } from './isolate.ts';
import { Quarantine } from './quarantine.ts';

const lease = 'lse_00000001' as LeaseId;

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
    const offer = { threads: 1, memoryBytes: 0, diskBytes: 0, gpus: [], counts: {} };
    const about = { name: 'a', slots: 1, offer, capabilities: {}, blobs: [], machine: {} };
    const hello = { worker: 'wrk_00000001', ...about };
    engine.push({
      type: 'hello',
      address: '',
      pass: { type: 'farm' },
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

test('what other sockets have got is taken into the round that one message begins', async () => {
  const { engine, answers, stop } = await startEngine();
  try {
    const failed = { lease, code: 'hung', message: '', busyMs: 1, log: '' } as const;
    let pushed = 0;
    const pushedBefore = new Promise<number>((resolve) => {
      const set = answers.set.bind(answers);
      answers.set = (to, reply) => {
        resolve(pushed);
        return set(to, reply);
      };
    });
    // One turn of the event loop calls all of these, as it does with sockets that have something to read.
    setImmediate(() => {
      for (let reply = 1; reply <= 20; reply += 1)
        setImmediate(() => {
          pushed += 1;
          engine.push({ type: 'failed', session: 1, reply, failed });
        });
    });
    assert.equal(await pushedBefore, 20);
  } finally {
    await stop();
  }
});

test('what this process had wrong in mind is cured by reading it again, and no job pays for it', async () => {
  const { engine, planted, parts, stop } = await startEngine();
  try {
    await until(() => engine.farm.stages.has(planted.stage), 'the job was not read');
    const wrong = engine.farm;
    const stage = wrong.stages.get(planted.stage);
    assert.ok(stage);
    // A lease the database knows nothing of, whose worker is lost.
    const worker = expectBack(wrong, 'wrk_00000009' as never, 0);
    stage.chunks.set(0, 'leased', 0);
    addLease(wrong, {
      id: lease,
      stage,
      ordinal: 0,
      worker,
      purpose: 'first',
      gang: null,
      grantedAt: 0,
      startedAt: null,
    });
    engine.push({ type: 'tick' });
    await until(() => engine.farm !== wrong, 'it was not read again');
    await until(
      () => engine.farm.stages.get(planted.stage)?.chunks.count('queued') === 2,
      'it is still wrong',
    );
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
