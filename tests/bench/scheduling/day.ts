import { mulberry32 } from '../../../load-balancer/tests/support/seeded-random.ts';
import { Scenario } from './scenario.ts';
import { idealMs } from './speed-profile.ts';

const HOUR = 3_600_000;

/** How large a day is: in `hours` come so many jobs, which keep the workers busy for `load` of that time. */
export type DayPlan = { hours: number; jobs: number; workers: number; load: number };
export const DAY: DayPlan = { hours: 24, jobs: 200, workers: 12, load: 0.85 };

/** Of the jobs, those that have a deadline, and those of a higher or lower priority than the rest. */
const [DATED, OTHER_PRIORITY] = [0.5, 0.1];

/**
 * A day of a farm: jobs of very different sizes, more of them in the middle of it. A deadline leaves a job between twice
 * and twenty times what it would take if it had all workers for itself.
 */
export function dayOf({ hours, jobs, workers, load }: DayPlan, seed: number): Scenario {
  const random = mulberry32(seed);
  const length = hours * HOUR;
  const plans = Array.from({ length: workers }, () => ({ speed: 1 + 7 * random() }));
  const speed = plans.reduce((sum, worker) => sum + worker.speed, 0);
  const sizes = Array.from({ length: jobs }, () => Math.exp(1.2 * normal(random)));
  const unit = (load * speed * length) / sizes.reduce((sum, size) => sum + size, 0);
  const scenario = {
    workers: plans,
    jobs: sizes.map((size) => {
      const chunks = 10 + Math.floor(190 * random());
      const each = (size * unit) / chunks;
      const scatter = 0.05 + 0.4 * random();
      return {
        at: ((random() + random() + random()) / 3) * length * 0.9,
        priority: random() < OTHER_PRIORITY ? (random() < 0.5 ? 1 : -1) : 0,
        chunksMs: Array.from({ length: chunks }, () => each * Math.exp(scatter * normal(random))),
        openMs: 0.2 * each * random(),
        leaves: random() < DATED ? 2 * 10 ** random() : null,
      };
    }),
  };
  const parsed = Scenario.parse({
    ...scenario,
    jobs: scenario.jobs.map(({ leaves: _, ...job }) => job),
  });
  for (const [at, job] of parsed.jobs.entries()) {
    const leaves = scenario.jobs[at]?.leaves ?? null;
    job.deadline = leaves === null ? null : job.at + leaves * idealMs(job, parsed.workers);
  }
  return parsed;
}

/** By Box and Muller. */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
