import { statusOfLetter } from '@parallel-pilot/shared/api/job-patch.ts';
import { memo } from 'react';
import { type ChunkNames, chunkWord } from './chunk-names.ts';
import classes from './Grid.module.css';

type GridRowProps = {
  /** Ordinal of the first cell. */
  first: number;
  letters: string;
  names: ChunkNames;
  top: number;
  cell: number;
  gap: number;
  numbered: boolean;
  /** Ordinal of the cell that the tab key reaches, -1 where it is in another row. */
  active: number;
  opened: number;
};

export const GridRow = memo(
  function GridRow({ first, letters, names, top, cell, gap, numbered, active, opened }: GridRowProps) {
    return (
      <div className={classes.row} style={{ top, height: cell, gap }}>
        {letters.split('').map((letter, index) => {
          const ordinal = first + index;
          const label = `${names.nameOf(ordinal)}: ${chunkWord(statusOfLetter(letter), names)}`;
          return (
            <button
              key={ordinal}
              type="button"
              className={classes.cell}
              style={{ width: cell, height: cell }}
              data-ordinal={ordinal}
              data-s={letter}
              data-opened={ordinal === opened || undefined}
              tabIndex={ordinal === active ? 0 : -1}
              aria-label={label}
              title={label}
              // Drawn by the style sheet: what the cell is called holds it already.
              data-number={numbered ? names.numberOf(ordinal) : undefined}
            />
          );
        })}
      </div>
    );
  },
  // Names are made anew with every answer, and are the same again in the same stage.
  (a, b) =>
    a.first === b.first &&
    a.letters === b.letters &&
    a.top === b.top &&
    a.cell === b.cell &&
    a.numbered === b.numbered &&
    a.active === b.active &&
    a.opened === b.opened &&
    a.names.nameOf(a.first) === b.names.nameOf(b.first),
);
