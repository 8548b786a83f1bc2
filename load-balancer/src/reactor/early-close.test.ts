import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageId } from '@parallel-pilot/shared/model/ids.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { ChunkTable } from '../farm/chunk-table.ts';
import type { Effect } from '../farm/effects.ts';
import type { JobsRead } from '../farm/events.ts';
import { schedule } from '../scheduling/schedule.ts';
import { react } from './react.ts';

/** Two machines with one slot each; of six chunks one runs and one waits at each, two are queued. */
function busyFarm() {
  const sim = new SimulatedFarm(() => 0.9);
  const machines = [sim.addMachine(), sim.addMachine()];
  const job = sim.addJob({ chunks: 6 });
  const stage = [...sim.farm.stages.values()][0];
  assert.ok(stage);
  assert.deepEqual(
    [stage.chunks.count('running'), stage.chunks.count('leased'), stage.chunks.count('queued')],
    [2, 2, 2],
  );
  return { sim, machines, job, stage, leases: [...sim.farm.leases.values()] };
}

/** What the database says once the stage is closed and a next one, of so many chunks, is planned. */
function nextRead({ sim, job, stage }: ReturnType<typeof busyFarm>, size: number): JobsRead {
  const read = sim.mirror.read([job], new Set([stage.id]));
  const id = 'stg_next' as StageId;
  const chunks = new ChunkTable(size);
  for (let ordinal = 0; ordinal < size; ordinal += 1) chunks.set(ordinal, 'queued', 0);
  const span = { from: 0, to: 1 };
  const row = {
    id,
    job,
    name: 'train',
    spec: {},
    inputs: [],
    requirements: [],
    affinity: 'next',
    asked: {},
    span,
  };
  const history = {
    held: [],
    takenBack: [],
    failures: [],
    succeeded: [],
    busyTimes: [],
    memorySeen: 0,
    plannedAt: 0,
  };
  return { ...read, openStages: [id], loaded: [{ ...row, chunks, ...history }] };
}

const writes = (effects: Effect[]) => effects.flatMap((it) => (it.type === 'write' ? [it.write] : []));

test('a stage closed early ends its leases, tells their workers, and is never granted again', () => {
  const farm = busyFarm();
  const { sim, stage, leases, machines } = farm;
  const effects = react(sim.farm, nextRead(farm, 3), sim.now);
  const settled = writes(effects).flatMap((it) => (it.type === 'end' ? [it] : []));
  assert.deepEqual(new Set(settled.map((it) => it.lease)), new Set(leases.map((it) => it.id)));
  assert.ok(settled.every((it) => it.outcome === 'canceled'));
  assert.ok(writes(effects).some((it) => it.type === 'cancel-queued' && it.stage === stage.id));
  const revoked = effects.flatMap((it) => (it.type === 'revoke' ? [it] : []));
  assert.deepEqual(new Set(revoked.map((it) => it.session)), new Set(machines.map((it) => it.session)));
  assert.deepEqual(new Set(revoked.flatMap((it) => it.leases)), new Set(leases.map((it) => it.id)));
  assert.equal(stage.chunks.settled, true);
  assert.deepEqual([...sim.farm.stages.keys()], ['stg_next']);

  let count = 0;
  const granted = schedule(sim.farm, sim.now, () => {
    count += 1;
    return `lse_next${count}` as never;
  });
  const assigned = granted.flatMap((it) => (it.type === 'assign' ? [it.lease] : []));
  assert.equal(assigned.length, 3, 'both slots, and one ahead');
  assert.ok(assigned.every((lease) => lease.stage.id === 'stg_next'));
});

test('what workers say later of a stage closed early is of ended leases', () => {
  const farm = busyFarm();
  const { sim, leases, machines } = farm;
  react(sim.farm, nextRead(farm, 1), sim.now);
  for (const lease of leases) {
    const session = machines.find((it) => it.id === lease.worker.id)?.session ?? 0;
    const done = { lease: lease.id, result: null, files: [], busyMs: 1, log: '' };
    assert.deepEqual(react(sim.farm, { type: 'done', session, reply: 1, fault: null, done }, sim.now), [
      { type: 'reply-by-outcome', to: 1, lease: lease.id, outcome: 'done' },
    ]);
    assert.deepEqual(react(sim.farm, { type: 'started', session, lease: lease.id }, sim.now), []);
  }
});

test('a stage without chunks is settled, and nothing of it is granted', () => {
  const farm = busyFarm();
  const { sim, job } = farm;
  react(sim.farm, nextRead(farm, 0), sim.now);
  const stage = sim.farm.stages.get('stg_next' as StageId);
  assert.ok(stage?.chunks.settled && stage.job.id === job);
  assert.deepEqual(
    schedule(sim.farm, sim.now, () => 'lse_x' as never),
    [],
  );
  sim.pass(20_000);
});
