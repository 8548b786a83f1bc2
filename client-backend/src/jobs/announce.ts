import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Parts } from '../parts.ts';

/** Says to the load balancer and to the pages that the job's rows changed. */
export function announce(parts: Pick<Parts, 'balancer' | 'live'>, job: JobId): void {
  parts.balancer.jobsChanged([job]);
  parts.live.jobChanged(job);
}
