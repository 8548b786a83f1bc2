import type { JobId } from '@parallel-pilot/shared/model/ids.ts';

/** A fault that lies with one job: its rows contradict each other, or this process has them wrong in mind. */
export class JobFault extends Error {
  readonly job: JobId;

  constructor(job: JobId, message: string, options?: ErrorOptions) {
    super(message, options);
    this.job = job;
  }
}
