import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTICE_MS } from '@parallel-pilot/shared/model/checkpoint.ts';
import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { URGENT } from '@parallel-pilot/shared/model/priority.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import type { Lease } from '../farm/farm.ts';

/** Two workers, each at a chunk that takes it five minutes. */
function twoAtWork() {
  const sim = new SimulatedFarm(() => 0.5);
  const machines = [sim.addMachine({ speed: 0.1 }), sim.addMachine({ speed: 0.1 })] as const;
  const job = sim.addJob({ chunks: 2 });
  sim.pass(60_000);
  const leases = [...sim.farm.leases.values()];
  assert.equal(leases.length, 2);
  return { sim, machines, job, leases };
}
/** Reports have come all the time, and say that it is so far by now. */
function comesAlong(sim: SimulatedFarm, lease: Lease, fraction: number, keptFraction = 0): void {
  const from = { at: lease.startedAt ?? 0, fraction: 0.001 };
  const last = { at: sim.now, fraction };
  Object.assign(lease, { fraction, keptFraction, course: { from, next: last, last } });
}
const takenBack = (sim: SimulatedFarm) =>
  [...sim.mirror.leases.values()].filter((lease) => lease.outcome === 'preempted');
const grantedTo = (sim: SimulatedFarm, job: JobId) => sim.grants.filter((grant) => grant.job === job);

test('for an urgent job the chunk is taken back that loses least, and it goes on later, with no attempt counted', () => {
  const { sim, job, leases } = twoAtWork();
  const [long, short] = leases;
  assert.ok(long !== undefined && short !== undefined);
  comesAlong(sim, long, 0.2);
  comesAlong(sim, short, 0.21, 0.15);
  const urgent = sim.addJob({ chunks: 1, priority: URGENT });
  sim.pass(NOTICE_MS + 2_000);
  assert.deepEqual(
    takenBack(sim).map(({ worker }) => worker),
    [short.worker.id],
  );
  assert.deepEqual(
    grantedTo(sim, urgent).map(({ worker }) => worker),
    [short.worker.id],
  );
  sim.pass(2_000_000);
  for (const row of [...sim.mirror.rowsOf(job), ...sim.mirror.rowsOf(urgent)])
    assert.deepEqual([row.status, row.finishes, row.attempts], ['done', 1, 1]);
});

for (const [title, priority, team] of [
  ['a job that goes before others but is not urgent', URGENT - 1, undefined],
  ['an urgent job of another team', URGENT, 'tea_000000000002' as TeamId],
] as const)
  test(`for ${title} nothing that runs is taken back`, () => {
    const { sim } = twoAtWork();
    sim.addJob({ chunks: 1, priority, ...(team === undefined ? {} : { team }) });
    sim.pass(150_000);
    assert.equal(takenBack(sim).length, 0);
  });

test('nothing is taken back that ends before the other could begin, and no more than are wanted', () => {
  const { sim, leases } = twoAtWork();
  const [ends] = leases;
  assert.ok(ends !== undefined);
  // In a minute: it is done in three seconds.
  comesAlong(sim, ends, 0.95);
  sim.addJob({ chunks: 1, priority: URGENT });
  sim.round([{ type: 'tick' }]);
  assert.ok([...sim.farm.leases.values()].every(({ preempting }) => preempting === null));
  sim.addJob({ chunks: 1, priority: URGENT });
  assert.deepEqual(
    [...sim.farm.leases.values()].filter(({ preempting }) => preempting !== null).map(({ id }) => id),
    leases.slice(1).map(({ id }) => id),
  );
});

test('a chunk is taken back twice at most', () => {
  const sim = new SimulatedFarm(() => 0.5);
  sim.addMachine({ speed: 0.02 });
  const job = sim.addJob({ chunks: 1 });
  for (let times = 0; times < 4; times += 1) {
    sim.pass(60_000);
    const urgent = sim.addJob({ chunks: 1, priority: URGENT });
    sim.pass(20_000 + 1_600_000 * (times < 2 ? 1 : 4));
    assert.equal(sim.mirror.rowsOf(urgent)[0]?.status, 'done');
  }
  assert.equal(takenBack(sim).length, 2);
  assert.equal(sim.mirror.rowsOf(job)[0]?.status, 'done');
});

test('a chunk that keeps its work is moved to a much faster worker that idles; another one stays', () => {
  for (const keptFraction of [0, 0.1]) {
    const { sim, leases, machines } = twoAtWork();
    for (const lease of leases) comesAlong(sim, lease, 0.2, keptFraction);
    const fast = sim.addMachine({ speed: 100 });
    const known = sim.farm.workers.get(fast.id);
    assert.ok(known !== undefined);
    known.speed = 100;
    for (const { id } of machines) Object.assign(sim.farm.workers.get(id) ?? {}, { speed: 0.1 });
    sim.pass(2 * NOTICE_MS + 5_000);
    const moved = takenBack(sim);
    assert.equal(moved.length, keptFraction === 0 ? 0 : 2, `kept ${keptFraction}`);
  }
});

test('what keeps its work goes on elsewhere when its worker leaves or its hours are over; where nobody else idles it is let finish', () => {
  const over = { open: false, because: 'hours', from: null, timeZone: null } as const;
  const ways = [
    { type: 'draining', draining: true },
    { type: 'lent', lent: over },
  ] as const;
  for (const [others, way] of [0, 1].flatMap((count) => ways.map((it) => [count, it] as const))) {
    const { sim, leases, machines } = twoAtWork();
    const [lease] = leases;
    const machine = machines.find(({ id }) => id === lease?.worker.id);
    assert.ok(lease !== undefined && machine !== undefined && machine.session !== null);
    comesAlong(sim, lease, 0.2, 0.1);
    for (let count = 0; count < others; count += 1) sim.addMachine({ speed: 0.1 });
    sim.round([{ ...way, session: machine.session }]);
    sim.pass(NOTICE_MS + 2_000);
    assert.equal(takenBack(sim).length, others, way.type);
  }
});

test('one that does not end in time is ended, and told to stop', () => {
  const { sim, machines } = twoAtWork();
  const urgent = sim.addJob({ chunks: 1, priority: URGENT });
  // The machine never heard it.
  for (const { running } of machines) for (const it of running.values()) delete it.until;
  sim.pass(NOTICE_MS + 65_000);
  assert.equal(takenBack(sim).length, 1);
  assert.equal(grantedTo(sim, urgent).length, 1);
  assert.equal(
    machines.reduce((sum, { running }) => sum + running.size, 0),
    2,
  );
});
