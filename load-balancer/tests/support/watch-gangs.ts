import assert from 'node:assert/strict';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { fewestOf } from '../../src/scheduling/gangs.ts';
import type { SimulatedFarm } from './simulated-farm.ts';

/** The longest chunk of a simulation takes a minute on a worker of speed 1; a gang waits for a few of them at most. */
export const PASSED_AT_MOST_MS = 300_000;

/** Looks after each round whether gangs are whole, and notes which have begun. */
export function watchGangs(sim: SimulatedFarm): { begun: Set<JobId> } {
  const begun = new Set<JobId>();
  const { round } = sim;
  sim.round = (events) => {
    round.call(sim, events);
    for (const stage of sim.farm.stages.values()) {
      const leases = [...stage.held.values()].flat();
      const [first] = leases;
      if (stage.gang === null || first === undefined) continue;
      begun.add(stage.job.id);
      assert.ok((first.gang ?? 0) >= Math.min(stage.gang.min, fewestOf(stage) + leases.length));
      if (stage.chunks.count('done') > 0 || leases.every(({ preempting }) => preempting !== null)) continue;
      // One that is away is told to end when it is back.
      if (leases.some(({ worker }) => worker.session === null)) continue;
      const size = leases.length;
      assert.ok(
        leases.every(({ gang }) => gang === size),
        `${size} of ${first.gang} members of ${stage.id} are left, and go on`,
      );
    }
  };
  return { begun };
}
