import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { URGENT } from '@parallel-pilot/shared/model/priority.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { Asked, Offer } from '@parallel-pilot/shared/model/resources.ts';
import fc from 'fast-check';
import { mulberry32 } from '../../tests/support/seeded-random.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';

const HOUR = 3_600_000;

/** Once two workers took a chunk from each other for ever, in one moment. */
const TO_AND_FRO = {
  seed: 1545646911,
  jobs: [
    { chunks: 11, priority: 1, requirements: [], asked: { memoryBytes: 6e8 }, leaves: null },
    { chunks: 1, priority: 0, requirements: [], asked: {}, leaves: null },
    { chunks: 2, priority: 0, requirements: [], asked: {}, leaves: null },
  ],
  machines: Array.from({ length: 2 }, () => ({
    slots: 3,
    speed: 0.2,
    failing: 0 as const,
    tells: false,
    capabilities: {},
    offer: { threads: 4, memoryBytes: 1e9, diskBytes: 0, gpus: [], counts: { licence: 1 } },
  })),
  mishaps: [{ kind: 'restart' as const, which: 0 }],
};

test('through deaths, cuts, failures and restarts every chunk is done exactly once, and nobody idles while work waits', () => {
  fc.assert(
    fc.property(scenario, ({ seed, jobs, machines, mishaps }) => {
      const random = mulberry32(seed);
      const sim = new SimulatedFarm(random);
      // One that never fails and never goes, so that every job can end.
      sim.addMachine({ capabilities: { gpu: true }, offer: OFFER, tells: true });
      for (const machine of machines) sim.addMachine(machine);
      const planted = jobs.map((job) => {
        sim.pass(Math.floor(random() * 60_000), 1_000);
        const { leaves, ...rest } = job;
        return sim.addJob({ ...rest, deadline: leaves === null ? null : sim.now + leaves });
      });
      for (const mishap of mishaps) {
        sim.pass(Math.floor(random() * 120_000), 1_000);
        happen(sim, mishap, planted, random);
      }
      for (const job of planted)
        if (sim.mirror.jobs.get(job)?.status === 'paused') sim.setJob(job, { status: 'queued' });
      for (const machine of sim.machines.values()) if (machine.session === null) sim.connect(machine);
      for (let hours = 0; hours < 48 && sim.farm.leases.size > 0; hours += 1) sim.pass(HOUR, 5_000);
      for (const job of planted) assertAllSettled(sim, job);
      for (const stage of sim.farm.stages.values()) sim.mirror.assertEqual(stage.id, stage.chunks);
      assert.equal([...sim.mirror.leases.values()].filter((lease) => lease.outcome === null).length, 0);
    }),
    { numRuns: 300, examples: [[TO_AND_FRO]] },
  );
});

const OFFER: Offer = { threads: 4, memoryBytes: 1e9, diskBytes: 0, gpus: [], counts: { licence: 1 } };
/** Of two there is room for one. */
const MOST_MEMORY: Asked = { memoryBytes: 6e8 };

const job = fc.record({
  chunks: fc.integer({ min: 1, max: 40 }),
  priority: fc.constantFrom<number>(0, 1, 2, 0, 1, URGENT),
  requirements: fc.constantFrom<Requirement[]>([], [{ key: 'gpu', op: 'equals', value: true }]),
  asked: fc.constantFrom<Asked>({}, {}, MOST_MEMORY, { threads: 3, counts: { licence: 1 } }),
  /** Milliseconds to its deadline. */
  leaves: fc.option(fc.integer({ min: 1, max: 600_000 })),
});
const machine = fc.record({
  slots: fc.integer({ min: 1, max: 3 }),
  speed: fc.double({ min: 0.2, max: 5, noNaN: true }),
  failing: fc.constantFrom(0, 0, 0.1, 1),
  tells: fc.boolean(),
  capabilities: fc.constantFrom({}, { gpu: true }),
  offer: fc.constantFrom(OFFER, { ...OFFER, threads: 2, counts: {} }),
});
const mishap = fc.record({
  kind: fc.constantFrom(
    'kill',
    'cut',
    'leave',
    'return',
    'restart',
    'cancel',
    'retry',
    'pause',
    'resume',
    'priority',
    'deadline',
    'backup',
    'backup',
    'keep',
    'keep',
    'join',
  ),
  which: fc.nat(1_000),
});
type Mishap = { kind: string; which: number };
const scenario = fc.record({
  seed: fc.integer(),
  jobs: fc.array(job, { minLength: 1, maxLength: 5 }),
  machines: fc.array(machine, { maxLength: 5 }),
  mishaps: fc.array(mishap, { maxLength: 25 }),
});

function happen(sim: SimulatedFarm, { kind, which }: Mishap, jobs: JobId[], random: () => number): void {
  const machines = [...sim.machines.values()].slice(1);
  const machine = machines[which % Math.max(1, machines.length)];
  const id = jobs[which % jobs.length];
  const status = id === undefined ? undefined : sim.mirror.jobs.get(id)?.status;
  if (kind === 'restart') {
    sim.restartBalancer();
    [...sim.machines.values()].forEach((it, at) => {
      if (at === 0 || random() < 0.8) sim.connect(it);
    });
  }
  if (kind === 'backup') sim.backUp(which);
  if (kind === 'keep') sim.keep(which);
  if (kind === 'join') sim.addMachine({ speed: 2 });
  if (machine !== undefined && machine.session !== null) {
    if (kind === 'kill') sim.kill(machine);
    if (kind === 'cut') sim.cut(machine);
    if (kind === 'leave') sim.leave(machine);
  }
  if (kind === 'return' && machine?.session === null) sim.connect(machine);
  if (id !== undefined && kind === 'retry') sim.retry(id);
  if (id === undefined || status === 'canceled') return;
  if (kind === 'cancel') sim.setJob(id, { status: 'canceled' });
  if (kind === 'pause' && status === 'queued') sim.setJob(id, { status: 'paused' });
  if (kind === 'resume' && status === 'paused') sim.setJob(id, { status: 'queued' });
  if (kind === 'deadline') sim.setJob(id, { deadline: which % 2 === 0 ? null : sim.now + which * 500 });
  if (kind === 'priority') sim.setJob(id, { priority: which % 3 });
}

function assertAllSettled(sim: SimulatedFarm, id: JobId): void {
  const canceled = sim.mirror.jobs.get(id)?.status === 'canceled';
  for (const row of sim.mirror.rowsOf(id)) {
    assert.ok(row.finishes <= 1, 'a chunk was finished twice');
    if (canceled)
      assert.ok(
        ['done', 'canceled', 'failed'].includes(row.status),
        `${id} has a chunk that is ${row.status}`,
      );
    else if (row.status === 'failed') assert.equal(row.attempts, 3);
    else assert.deepEqual([row.status, row.finishes], ['done', 1]);
  }
}

test('a backup that is done first ends the other lease, and its worker is told to stop', () => {
  const sim = new SimulatedFarm(mulberry32(5));
  const slow = sim.addMachine({ speed: 0.001 });
  const job = sim.addJob({ chunks: 1 });
  sim.pass(1_000);
  assert.equal(slow.running.size, 1);
  sim.addMachine({ speed: 100 });
  sim.backUp(0);
  sim.pass(5_000);
  assert.deepEqual(
    [...sim.mirror.leases.values()].map(({ purpose, outcome }) => [purpose, outcome]),
    [
      ['first', 'superseded'],
      ['backup', 'done'],
    ],
  );
  assert.equal(slow.running.size, 0, 'it works on for nothing');
  assert.deepEqual(
    sim.mirror.rowsOf(job).map(({ status, finishes }) => [status, finishes]),
    [['done', 1]],
  );
});

test('jobs of equal priority receive equal slot time, on few slots as on many', () => {
  for (const slots of [1, 2, 3, 8]) {
    const sim = new SimulatedFarm(mulberry32(slots));
    for (let i = 0; i < slots; i += 1) sim.addMachine({ speed: 30 });
    const jobs = [1, 2, 3].map(() => sim.addJob({ chunks: 50_000 }));
    sim.pass(HOUR / 2);
    const counts = jobs.map((id) => sim.grants.filter((grant) => grant.job === id).length);
    const [least = 0, most = 0] = [Math.min(...counts), Math.max(...counts)];
    assert.ok(least > 0.8 * most, `${slots} slots gave ${counts.join(', ')} chunks`);
  }
});

test('a worker stays with the scene it has open for a while, even when jobs must take turns', () => {
  const sim = new SimulatedFarm(mulberry32(1));
  sim.addMachine({ speed: 60 });
  for (let i = 0; i < 2; i += 1) sim.addJob({ chunks: 10_000 });
  sim.pass(HOUR / 4);
  const switches = sim.grants.filter((grant, at) => at > 0 && grant.job !== sim.grants[at - 1]?.job).length;
  assert.ok(switches > 2, 'both had turns');
  assert.ok(switches < sim.grants.length / 10, `${switches} switches in ${sim.grants.length} chunks`);
});

test('a worker that joins late takes over what waits behind others', () => {
  const sim = new SimulatedFarm(mulberry32(7));
  sim.addMachine({ slots: 2, speed: 0.1 });
  sim.addJob({ chunks: 4 });
  sim.pass(1_000);
  const late = sim.addMachine();
  sim.pass(1_000);
  assert.equal(late.running.size, 1);
});

test('waiting work of a paused job comes back, and urgent work goes before what has not begun', () => {
  const sim = new SimulatedFarm(mulberry32(3));
  const machine = sim.addMachine({ speed: 0.1 });
  const first = sim.addJob({ chunks: 5 });
  sim.pass(1_000);
  assert.equal(machine.queue.length, 1);
  const urgent = sim.addJob({ chunks: 1, priority: 5 });
  sim.pass(1_000);
  assert.equal(sim.grants.at(-1)?.job, urgent);
  assert.deepEqual(
    sim.mirror.rowsOf(urgent).map((row) => row.status),
    ['leased'],
  );
  sim.setJob(urgent, { status: 'paused' });
  sim.pass(1_000);
  assert.deepEqual(
    sim.mirror.rowsOf(urgent).map((row) => row.status),
    ['queued'],
  );
  assert.equal(sim.mirror.rowsOf(first).filter((row) => row.status !== 'queued').length, 2);
});
