import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { type Placement, requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import { type Machine, SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { recordLoad } from '../farm/record-heartbeat.ts';

const BOXED = { sandbox: 'bubblewrap' };
const OTHERS = { person: 'per_somebody0001' as PersonId, team: 'tea_somebody0001' as TeamId };

/** People set them on the site. */
function place(sim: SimulatedFarm, { id, lender }: Machine, labels: Pick<Placement, 'tags' | 'pools'>): void {
  const { person, team, worksFor } = lender;
  sim.round([
    {
      type: 'workers-read',
      known: [
        {
          id,
          identity_hash: `hash of ${id}`,
          person_id: person,
          team_id: team,
          works_for: worksFor,
          disabled_at: null,
          join_token_id: null,
          credential_hash: null,
          lending_json: null,
          standing: 'good',
          tags_json: JSON.stringify(labels.tags ?? []),
          pools_json: JSON.stringify(labels.pools ?? []),
          said_tags_json: null,
          said_pools_json: null,
        },
      ],
    },
  ]);
}

const done = (sim: SimulatedFarm, job: JobId): number =>
  sim.mirror.rowsOf(job).filter((row) => row.status === 'done').length;

test('a job is given to workers in any of its pools that have all of its tags, and to no others', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const machines = Array.from({ length: 4 }, () => sim.addMachine({ capabilities: BOXED }));
  const labels = [
    { pools: ['film', 'night'], tags: ['fast', 'quiet'] },
    { pools: ['film'], tags: ['fast'] },
    { pools: ['shop'], tags: ['quiet', 'fast', 'new'] },
    { pools: [], tags: ['fast', 'quiet'] },
  ];
  for (const [at, machine] of machines.entries()) place(sim, machine, labels[at] ?? {});
  const requirements = requirementsOf({ pools: ['film', 'shop'], tags: ['fast', 'quiet'] });
  const job = sim.addJob({ chunks: 40, requirements });
  sim.pass(3_600_000);
  assert.equal(done(sim, job), 40);
  const used = new Set(sim.grants.map(({ worker }) => worker));
  assert.deepEqual([...used].toSorted(), [machines[0]?.id, machines[2]?.id]);
});

test('a worker that leaves its pool finishes what it has begun; what it has not begun goes back', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const machine = sim.addMachine({ capabilities: BOXED });
  const job = sim.addJob({ chunks: 5, requirements: requirementsOf({ pools: ['film'] }) });
  assert.equal(sim.grants.length, 0);
  place(sim, machine, { pools: ['film'] });
  const standing = () => sim.mirror.rowsOf(job).map((row) => row.status);
  sim.pass(1_000);
  assert.deepEqual(standing().toSorted(), ['leased', 'queued', 'queued', 'queued', 'running']);
  place(sim, machine, { pools: ['shop'] });
  assert.deepEqual(standing(), ['running', 'queued', 'queued', 'queued', 'queued']);
  sim.pass(3_600_000);
  assert.deepEqual(standing(), ['done', 'queued', 'queued', 'queued', 'queued']);
  place(sim, machine, { pools: ['film'] });
  sim.pass(3_600_000);
  assert.equal(done(sim, job), 5);
});

test('tags are for jobs of the team whose machine it is, pools for all; and a worker that says where it stands is not believed', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const machine = sim.addMachine({
    capabilities: { ...BOXED, 'worker.pools': ['shop'], 'worker.memoryBytes': 1e12 },
  });
  place(sim, machine, { pools: ['film'], tags: ['secret'] });
  const asking = (placement: Placement, more = {}) =>
    sim.addJob({ chunks: 1, requirements: requirementsOf(placement), ...more });
  const byTag = asking({ tags: ['secret'] });
  // The answer for one team is not kept for the other, whichever came first.
  const byTagOfOthers = asking({ tags: ['secret'] }, OTHERS);
  const byPool = asking({ pools: ['film'] }, OTHERS);
  const byName = asking({ workers: [machine.id] });
  const bySaid = asking({ pools: ['shop'] });
  const byMemory = asking({ memoryBytes: 2 });
  sim.pass(3_600_000);
  const jobs = [byTag, byTagOfOthers, byPool, byName, bySaid, byMemory];
  assert.deepEqual(
    jobs.map((job) => done(sim, job)),
    [1, 0, 1, 1, 0, 0],
  );
});

test('what people take from what a worker lends is not given out from then on, whatever it says itself', () => {
  const sim = new SimulatedFarm(() => 0.5);
  const machine = sim.addMachine({ capabilities: BOXED });
  const worker = sim.farm.workers.get(machine.id);
  assert.ok(worker !== undefined);
  const says = (offer: typeof worker.offer) =>
    recordLoad(worker, { cpu: 0, memoryUsedBytes: 0, load: 0, draining: false, offer });
  const whole = worker.offer;
  sim.change(machine, { lending: { threads: 1, memoryBytes: 5 } });
  assert.deepEqual([worker.offer.threads, worker.offer.memoryBytes], [1, 5]);
  says(whole);
  assert.deepEqual([worker.offer.threads, worker.offer.memoryBytes], [1, 5]);
  // What is added again, it says itself: it may lend less by its own terms.
  sim.change(machine, {});
  says({ ...whole, threads: 2 });
  assert.deepEqual(worker.offer, { ...whole, threads: 2 });
});
