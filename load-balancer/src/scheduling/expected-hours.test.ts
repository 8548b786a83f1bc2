import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersonId, TeamId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { QUARTER_MS, quarterOf } from '@parallel-pilot/shared/model/quarter.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { endIfSubmitted } from './end-outlook.ts';

const [MINUTE, HOUR] = [60_000, 3_600_000];

/** At 18:00, with these workers of speed 1; so many are forecast from 22:00 to 08:00, and as now for the rest of the day. */
function evening(workers: number, { byNight, coming = 0 }: { byNight: number; coming?: number }) {
  const sim = new SimulatedFarm(() => 0.5);
  for (let count = 0; count < workers; count += 1) sim.addMachine();
  const quarters = Array.from({ length: 96 }, (_, quarter) => ({
    demandMs: coming * QUARTER_MS,
    capacityMs: (quarter >= 16 && quarter < 56 ? byNight : workers) * QUARTER_MS,
  }));
  const tell = () => sim.round([{ type: 'load-forecast', forecast: { at: quarterOf(sim.now), quarters } }]);
  return { sim, tell };
}

/** So many hours of a worker's work in chunks of a minute, to be done by 08:00. */
const suppose = (sim: SimulatedFarm, hours: number) =>
  endIfSubmitted(
    sim.farm,
    {
      team: 'tea_000000000001' as TeamId,
      person: 'per_000000000001' as PersonId,
      ...{ kind: 'blender', stage: 'render', priority: 0, requirements: [], asked: {} },
      deadline: sim.now + 14 * HOUR,
      chunks: hours * 60,
      seen: Array.from({ length: 20 }, () => ({
        worker: [...sim.machines.keys()][0] as WorkerId,
        ms: MINUTE,
      })),
    },
    sim.now,
  );

test('on a farm of two workers that has ten from 22:00, a job that ten do by the morning is told that it is met', () => {
  const { sim, tell } = evening(2, { byNight: 10 });
  const before = suppose(sim, 40);
  assert.deepEqual([before.deadline?.code, before.deadline?.workers], ['missed', 'present']);
  tell();
  const { range, deadline } = suppose(sim, 40);
  assert.deepEqual([deadline?.code, deadline?.workers], ['met', 'forecast']);
  // Eight hours of it by 22:00, and the other 32 in a little more than three.
  const end = (range?.middle ?? 0) - sim.now;
  assert.ok(end > 7 * HOUR && end < 7.6 * HOUR, String(end / HOUR));
});

test('where workers are expected to go, a deadline is told to be missed, is not given up for that, and goes first', () => {
  const { sim, tell } = evening(10, { byNight: 2 });
  assert.equal(suppose(sim, 80).deadline?.code, 'met');
  const job = sim.addJob({ chunks: 9_600, deadline: sim.now + 14 * HOUR });
  sim.pass(10 * MINUTE);
  assert.equal(sim.farm.jobs.get(job)?.urgency, 'none');
  tell();
  assert.equal(suppose(sim, 80).deadline?.code, 'missed');
  sim.pass(MINUTE);
  const { urgency, end } = sim.farm.jobs.get(job) ?? {};
  assert.equal(urgency, 'preempt', JSON.stringify(end?.slack));
});

test('work that is expected to come takes its part of the farm from what has no deadline', () => {
  const [alone, busy] = [evening(2, { byNight: 2 }), evening(2, { byNight: 2, coming: 0.5 })].map(
    ({ sim, tell }) => {
      tell();
      const { range } = suppose(sim, 20);
      return ((range?.middle ?? 0) - sim.now) / HOUR;
    },
  );
  assert.ok(alone !== undefined && busy !== undefined);
  assert.ok(alone > 9.9 && alone < 10.3, String(alone));
  assert.ok(busy > 13 && busy < 14, String(busy));
});

test('a forecast of another day counts no more', () => {
  const { sim, tell } = evening(2, { byNight: 10 });
  tell();
  sim.now += 25 * HOUR;
  assert.equal(suppose(sim, 40).deadline?.workers, 'present');
});
