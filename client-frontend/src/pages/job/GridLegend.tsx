import type { Counts } from '@parallel-pilot/shared/api/jobs.ts';
import { CHUNK_STATUSES, type ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import { formatCount } from '../../components/format.ts';
import classes from './Grid.module.css';

/** A chunk's state in words. */
export const CHUNK_WORDS: Record<ChunkStatus, string> = {
  queued: 'queued',
  leased: 'next up',
  running: 'rendering',
  done: 'done',
  failed: 'failed',
  canceled: 'canceled',
};

export function GridLegend({ counts }: { counts: Counts }) {
  return (
    <ul className={classes.legend} aria-label="Frames by state">
      {CHUNK_STATUSES.filter((status) => counts[status] > 0).map((status) => (
        <li key={status}>
          <span className={classes.swatch} data-s={status[0]} aria-hidden />
          {formatCount(counts[status])} {CHUNK_WORDS[status]}
        </li>
      ))}
    </ul>
  );
}
