import type { Counts } from '@parallel-pilot/shared/api/jobs.ts';
import { CHUNK_STATUSES } from '@parallel-pilot/shared/model/chunk.ts';
import { formatCount } from '../components/format.ts';
import { type ChunkNames, chunkWord } from './chunk-names.ts';
import classes from './Grid.module.css';

type GridLegendProps = { counts: Counts; names: Pick<ChunkNames, 'one' | 'doing'> };

export function GridLegend({ counts, names }: GridLegendProps) {
  return (
    <ul className={classes.legend} aria-label={`The ${names.one}s by state`}>
      {CHUNK_STATUSES.filter((status) => counts[status] > 0).map((status) => (
        <li key={status}>
          <span className={classes.swatch} data-s={status[0]} aria-hidden />
          {formatCount(counts[status])} {chunkWord(status, names)}
        </li>
      ))}
    </ul>
  );
}
