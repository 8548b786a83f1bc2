import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { createJob, jobsOfGroup } from './farm.ts';
import { UnreachableError } from './request.ts';

type Patience = {
  /** The farm does not answer; it is asked again after a while. */
  onAway(): void;
  /** The time between two tries. */
  pause(): Promise<void>;
  /** False once nobody wants the job any more. */
  wanted(): boolean;
};

/**
 * Creates a job exactly once, though the farm may go away between taking it in
 * and saying so: before it is asked again one looks, by the job's group,
 * whether the job is there. Null when it was no longer wanted; throws what the farm refused.
 */
export async function createOnce(job: CreateJob, patience: Patience): Promise<string | null> {
  const request = { ...job, group: job.group ?? newGroup() };
  const alone = job.group === undefined;
  let asked = false;
  while (patience.wanted()) {
    try {
      const there = asked ? await jobsOfGroup(request.group) : [];
      const taken = there.find((one) => alone || one.name === request.name);
      if (taken !== undefined) return taken.id;
      asked = true;
      return await createJob(request);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
    }
    patience.onAway();
    await patience.pause();
  }
  return null;
}

/** A name for jobs that belong together. `randomUUID` is missing in a page served over plain HTTP in the house. */
export const newGroup = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
