import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';

/** For whom a machine works, in words. */
export const WORKS_FOR: Record<WorksFor, { label: string; short: string }> = {
  owner: { label: 'Its lender alone', short: 'works for its lender' },
  team: { label: 'The team', short: 'works for the team' },
  everyone: { label: 'Everyone on the farm', short: 'works for everyone' },
};
