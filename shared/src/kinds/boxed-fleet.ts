import { type Capabilities, meets, type Requirement } from '../model/requirement.ts';

type Problem = { code: string; message: string };

/** Work that only a worker with a working sandbox takes. */
export type Boxed = {
  runs: Requirement;
  /** As in "No worker of this farm runs …". */
  what: string;
  /** What those lack that run it at all; null where each need is met by some worker. */
  lacking(able: readonly Capabilities[]): Problem | null;
};

/** Why none of these workers can run it, null where one can or none is connected. */
export function boxedFleetProblem(
  fleet: readonly Capabilities[],
  needs: readonly Requirement[],
  { runs, what, lacking }: Boxed,
): Problem | null {
  if (fleet.length === 0 || fleet.some((worker) => needs.every((need) => meets(worker, need)))) return null;
  const able = fleet.filter((worker) => meets(worker, runs));
  if (able.length > 0) return lacking(able);
  const message = `No worker of this farm runs ${what}: that is for workers with a working sandbox (Linux with bubblewrap; "pilot workers" shows which), unless their owner does not lend them for it.`;
  return { code: 'no-sandbox', message };
}

/** That no worker has a program, as a noun: `Python 3`. */
export const programMissing = (program: string): Problem => ({
  code: 'program-missing',
  message: `No worker of this farm has ${program}. Install it on one, and start that worker again.`,
});
