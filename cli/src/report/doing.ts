import { figures } from '../text/units.ts';
import type { JobProgress } from './events.ts';

/** What a worker is at, most telling first: "Part 3 of 8 · loss 0.031 · step 1 of 2". */
export const doing = ({
  label,
  values,
  detail,
}: Omit<JobProgress['workers'][number], 'name' | 'fraction'>): string =>
  [label, figures(values ?? {}), detail].filter(Boolean).join(' · ');
