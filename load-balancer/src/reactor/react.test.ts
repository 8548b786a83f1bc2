import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { Done } from '@parallel-pilot/shared/protocol/workers.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { hangLimit, noteChunkTime } from '../farm/chunk-times.ts';
import type { Effect } from '../farm/effects.ts';
import type { FarmEvent } from '../farm/events.ts';
import type { Lease } from '../farm/farm.ts';
import { recordHeartbeat } from '../farm/record-heartbeat.ts';
import { react } from './react.ts';

describe('the reactor', () => {
  test('a result is written before it is acknowledged, under the lease it came under', () => {
    const { sim, lease, session } = busyFarm();
    const effects = say(sim, { type: 'done', session, reply: 7, fault: null, done: doneOf(lease.id) });
    const written = effects.flatMap((it) => (it.type === 'write' ? [it.write] : []));
    const [end, move] = written;
    assert.ok(end?.type === 'end' && move?.type === 'move' && move.state === 'done');
    assert.deepEqual([end.lease, end.outcome, move.accepted], [lease.id, 'done', lease.id]);
    assert.deepEqual(
      effects.find((it) => it.type === 'reply'),
      { type: 'reply', to: 7, reply: { ok: true } },
    );
    assert.ok(effects.some((it) => it.type === 'chunk-changed' && it.status === 'done'));
  });

  test('a result of an ended lease changes nothing: the database says how it ended', () => {
    const { sim, lease, session } = busyFarm();
    say(sim, { type: 'done', session, reply: 1, fault: null, done: doneOf(lease.id) });
    const effects = say(sim, { type: 'done', session, reply: 2, fault: null, done: doneOf(lease.id) });
    assert.deepEqual(effects, [{ type: 'reply-by-outcome', to: 2, lease: lease.id, outcome: 'done' }]);
  });

  test('a worker cannot speak for the lease of another, nor a connection without a hello', () => {
    const { sim, lease } = busyFarm();
    const other = sim.addMachine().session ?? 0;
    const effects = say(sim, {
      type: 'done',
      session: other,
      reply: 1,
      fault: null,
      done: doneOf(lease.id),
    });
    assert.equal(effects[0]?.type, 'reply-by-outcome');
    const [refused] = say(sim, {
      type: 'done',
      session: 999,
      reply: 2,
      fault: null,
      done: doneOf(lease.id),
    });
    assert.ok(refused?.type === 'reply' && !refused.reply.ok && refused.reply.code === 'not-allowed');
    assert.ok(sim.farm.leases.has(lease.id));
  });

  test('workers that are gone and never did anything are forgotten once a minute', () => {
    const { sim } = busyFarm();
    const forgets = () =>
      say(sim, { type: 'tick' }).some((it) => it.type === 'write' && it.write.type === 'forget-idle');
    sim.now += 59_000;
    assert.equal(forgets(), false);
    sim.now += 1_000;
    assert.deepEqual([forgets(), forgets()], [true, false]);
  });

  test('a missing file leaves the lease as it is', () => {
    const { sim, lease, session } = busyFarm();
    const effects = say(sim, {
      type: 'done',
      session,
      reply: 1,
      fault: { code: 'blob-missing' },
      done: doneOf(lease.id),
    });
    assert.deepEqual(
      effects.map((it) => it.type),
      ['reply', 'log'],
    );
    assert.ok(
      effects[0]?.type === 'reply' && !effects[0].reply.ok && effects[0].reply.code === 'blob-missing',
    );
    assert.ok(sim.farm.leases.has(lease.id));
  });

  test('silence ends leases after eight seconds, but not while this process itself stood still', () => {
    const { sim, lease } = busyFarm();
    sim.now += 60_000;
    say(sim, { type: 'tick' });
    assert.ok(sim.farm.leases.has(lease.id), 'it slept itself');
    for (let step = 0; step < 15; step += 1) {
      sim.now += 500;
      say(sim, { type: 'tick' });
    }
    assert.ok(sim.farm.leases.has(lease.id), 'not eight seconds yet');
    sim.now += 1_500;
    const effects = say(sim, { type: 'tick' });
    const written = effects.flatMap((it) => (it.type === 'write' ? [it.write] : []));
    assert.deepEqual(
      written.flatMap((it) => (it.type === 'end' ? [it.outcome] : [])),
      ['expired', 'released'],
    );
    assert.deepEqual(
      written.flatMap((it) => (it.type === 'move' ? [it.state] : [])),
      ['queued', 'queued'],
    );
    assert.ok(effects.some((it) => it.type === 'close'));
  });

  test('a worker that comes back without a lease it had begun has lost that attempt', () => {
    const { sim, lease } = busyFarm();
    const machine = [...sim.machines.values()][0];
    assert.ok(machine);
    sim.kill(machine);
    sim.connect(machine);
    const outcomes = [...sim.mirror.leases.values()].map((it) => it.outcome);
    assert.equal(sim.mirror.leases.get(lease.id)?.outcome, 'expired');
    assert.ok(outcomes.includes('released'));
  });

  test('leases missing from a hello over a new connection wait again: a lost `released` holds nothing', () => {
    const { sim, lease, session } = busyFarm();
    const machine = [...sim.machines.values()][0];
    assert.ok(machine && machine.session === session);
    const [waiting] = machine.queue;
    assert.ok(waiting);
    // It gave the chunk back, and that was lost on the way; the other it works on still.
    machine.queue = [];
    sim.connect(machine);
    assert.equal(sim.mirror.leases.get(waiting.lease)?.outcome, 'released');
    assert.equal(sim.mirror.leases.get(lease.id)?.outcome, null);
    assert.ok(!sim.farm.leases.has(waiting.lease) && sim.farm.leases.has(lease.id));
  });

  test('a lease its connected worker was never told of waits again after ten seconds', () => {
    const { sim, lease, session } = busyFarm();
    const [untold] = [...sim.farm.leases.values()].filter((it) => it !== lease);
    assert.ok(untold);
    untold.delivered = false;
    const beat = (): Effect[] => {
      sim.now += 1_000;
      recordHeartbeat(sim.farm, session, sim.now);
      return say(sim, { type: 'tick' });
    };
    const isLoad = (effect: Effect) => effect.type === 'write' && effect.write.type === 'load';
    for (let second = 1; second < 10; second += 1) assert.ok(beat().every(isLoad));
    const effects = beat();
    assert.ok(effects.some((it) => it.type === 'revoke' && it.leases.includes(untold.id)));
    assert.ok(!sim.farm.leases.has(untold.id) && sim.farm.leases.has(lease.id));
    assert.equal(untold.stage.chunks.status(untold.ordinal), 'queued');
  });

  test('a canceled job ends its leases, its queue in one write, and tells the workers to stop', () => {
    const { sim, lease, job } = busyFarm();
    const row = sim.mirror.jobs.get(job);
    if (row) row.status = 'canceled';
    const effects = say(sim, sim.mirror.read([job], new Set(sim.farm.stages.keys())));
    assert.equal(effects.filter((it) => it.type === 'write' && it.write.type === 'cancel-queued').length, 1);
    assert.ok(effects.some((it) => it.type === 'revoke' && it.leases.includes(lease.id)));
    assert.equal(sim.farm.stages.size, 0);
  });
});

test('a chunk counts as hung after ten minutes, until three are done; then after twenty times the slowest', () => {
  const { lease } = busyFarm();
  const { stage } = lease;
  assert.equal(hangLimit(stage, 600_000), 600_000);
  for (const ms of [5_000, 300, 200]) noteChunkTime(lease, { busyMs: ms, openingMs: 0 });
  assert.equal(hangLimit(stage, 600_000), 100_000);
  noteChunkTime(lease, { busyMs: 3_600_000, openingMs: 0 });
  assert.equal(hangLimit(stage, 600_000), 600_000);
  assert.equal(hangLimit(stage, 30_000), 30_000);
});

const doneOf = (lease: LeaseId): Done => ({ lease, result: { frame: 1 }, files: [], busyMs: 10, log: '' });

function say(sim: SimulatedFarm, event: FarmEvent): Effect[] {
  return react(sim.farm, event, sim.now);
}

/** One machine that has begun one of three chunks and holds a second. */
function busyFarm(): { sim: SimulatedFarm; lease: Lease; session: number; job: JobId } {
  const sim = new SimulatedFarm(() => 0.9);
  const machine = sim.addMachine();
  const job = sim.addJob({ chunks: 3 });
  const lease = [...sim.farm.leases.values()].find((it) => it.startedAt !== null);
  assert.ok(lease && machine.session !== null);
  return { sim, lease, session: machine.session, job };
}
