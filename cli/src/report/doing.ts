import { figures } from '../text/units.ts';
import type { JobProgress } from './events.ts';

/** What a worker is at, most telling first: "Round 3, shard 2 · loss 0.031 · Epoch 1 of 2". */
export const doing = ({
  label,
  values,
  detail,
}: Omit<JobProgress['workers'][number], 'name' | 'fraction'>): string =>
  [label, figures(values ?? {}), detail].filter(Boolean).join(' · ');
