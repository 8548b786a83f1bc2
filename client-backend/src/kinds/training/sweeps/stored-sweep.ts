import { Sweep } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import type { SweepRow } from '@parallel-pilot/shared/server/db/sweeps.ts';

/** What was asked for. */
export const searchOf = ({ search_json }: Pick<SweepRow, 'search_json'>): Sweep =>
  Sweep.parse(JSON.parse(search_json));
