import { z } from 'zod';

const ms = z.number().min(0).max(1e10);
const WorkerPlan = z.strictObject({
  /** Work done in a millisecond; a chunk's milliseconds are those of a worker of speed 1. */
  speed: z.number().positive().max(1e6),
  /** When it joins, milliseconds from the start. */
  from: ms.default(0),
  /** From then on it is so many times slower, and says nothing of it. */
  slowFrom: ms.nullable().default(null),
  slowBy: z.number().positive().max(1e6).default(1),
  /** When it falls silent for good. */
  diesAt: ms.nullable().default(null),
});
export type WorkerPlan = z.infer<typeof WorkerPlan>;

const JobPlan = z.strictObject({
  at: ms.default(0),
  priority: z.int().min(-100).max(100).default(0),
  /** Milliseconds from the start of the scenario. */
  deadline: ms.nullable().default(null),
  chunksMs: z.array(z.number().positive().max(1e10)).min(1).max(100_000),
  /** Work before the first chunk of the job in a row on a worker, as chunksMs. */
  openMs: ms.default(0),
});
export type JobPlan = z.infer<typeof JobPlan>;

export const Scenario = z.strictObject({
  workers: z.array(WorkerPlan).min(1).max(5_000),
  jobs: z.array(JobPlan).min(1).max(5_000),
});
export type Scenario = z.infer<typeof Scenario>;

/** Reads a scenario from JSON; what is wrong with it is said in a sentence. */
export function readScenario(
  text: string,
): { ok: true; scenario: Scenario } | { ok: false; problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: `it is not JSON: ${error instanceof Error ? error.message : error}.` };
  }
  const read = Scenario.safeParse(value);
  if (read.success) return { ok: true, scenario: read.data };
  const [issue] = read.error.issues;
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  return { ok: false, problem: `${where}${issue?.message ?? 'it is not a scenario'}.` };
}
