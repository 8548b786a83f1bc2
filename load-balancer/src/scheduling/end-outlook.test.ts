import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersonId, TeamId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { SupposeJob } from '@parallel-pilot/shared/protocol/control.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { endIfSubmitted, endsOfJobs } from './end-outlook.ts';

const MINUTE = 60_000;

/** 100 chunks of a minute each, on four workers: 25 minutes and a little. */
function suppose(sim: SimulatedFarm, leaves: number | null, more: Partial<SupposeJob> = {}) {
  const worker = [...sim.machines.keys()][0] as WorkerId;
  return endIfSubmitted(
    sim.farm,
    {
      team: 'tea_000000000001' as TeamId,
      person: 'per_000000000001' as PersonId,
      kind: 'blender',
      stage: 'render',
      priority: 0,
      deadline: leaves === null ? null : sim.now + leaves,
      chunks: 100,
      requirements: [],
      asked: {},
      seen: Array.from({ length: 20 }, () => ({ worker, ms: MINUTE })),
      ...more,
    },
    sim.now,
  );
}

function farmOfFour(): SimulatedFarm {
  const sim = new SimulatedFarm(() => 0.5);
  for (let count = 0; count < 4; count += 1) sim.addMachine();
  return sim;
}

test('before it is submitted a job is told when it would be done, and that its deadline cannot be met and what would help', () => {
  const sim = farmOfFour();
  const { range } = suppose(sim, null);
  assert.ok(range !== null && range.from < sim.now + 27 * MINUTE && range.to > sim.now + 24 * MINUTE);
  assert.equal(suppose(sim, 10 * 60 * MINUTE).deadline?.code, 'met');
  const missed = suppose(sim, 10 * MINUTE).deadline;
  assert.equal(missed?.code, 'missed');
  assert.ok(missed.lateMs > 5 * MINUTE);
  const { workers = 0, lessWork = 0 } = missed.help ?? {};
  assert.ok(workers !== null && workers >= 6, String(workers));
  assert.ok(lessWork !== null && lessWork > 0.5 && lessWork < 1, String(lessWork));
});

test('of a job of which nothing is known it is told that nothing is, but for a deadline that what goes before it uses up', () => {
  const sim = farmOfFour();
  assert.equal(suppose(sim, 10 * MINUTE, { seen: [] }).deadline?.code, 'unknown');
  sim.addJob({ chunks: 5_000, priority: 5 });
  sim.pass(5 * MINUTE);
  assert.equal(suppose(sim, 10 * MINUTE, { seen: [] }).deadline?.code, 'missed');
});

test('of a job under way of which nothing is known yet its page is told the same', () => {
  const sim = farmOfFour();
  const others = sim.addJob({ chunks: 5_000, priority: 5 });
  sim.pass(5 * MINUTE);
  const job = sim.addJob({ chunks: 10, deadline: sim.now + 10 * MINUTE });
  const nobodys = sim.addJob({
    chunks: 10,
    deadline: sim.now + 10 * MINUTE,
    requirements: [{ key: 'fake', op: 'equals', value: true }],
  });
  sim.pass(5_000);
  const [ours, unfit] = endsOfJobs(sim.farm, [job, nobodys], sim.now);
  assert.deepEqual([ours?.deadline?.code, ours?.deadline?.atLeast, ours?.range], ['missed', true, null]);
  assert.ok((ours?.deadline?.lateMs ?? 0) > MINUTE && ours?.deadline?.help?.workers !== null);
  assert.equal(unfit?.deadline?.code, 'unknown');
  sim.setJob(others, { status: 'canceled' });
  sim.pass(MINUTE);
  assert.equal(endsOfJobs(sim.farm, [job], sim.now)[0]?.deadline?.code, 'met');
});

test('of jobs that would share a farm evenly, the one whose deadline comes near goes first and meets it', () => {
  for (const leaves of [20 * MINUTE, null]) {
    const sim = new SimulatedFarm(() => 0.5);
    sim.addMachine({ speed: 10 });
    const near = sim.addJob({ chunks: 200, deadline: leaves === null ? null : sim.now + leaves });
    for (let count = 0; count < 2; count += 1) sim.addJob({ chunks: 300, deadline: sim.now + 600 * MINUTE });
    sim.pass(20 * MINUTE);
    const done = sim.mirror.rowsOf(near).filter(({ status }) => status === 'done').length;
    assert.ok((done === 200) === (leaves !== null), `${done} of 200 were done, leaves ${leaves}`);
  }
});
