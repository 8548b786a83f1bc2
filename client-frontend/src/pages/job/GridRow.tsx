import { memo } from 'react';
import { statusOfLetter } from '../../live/job-patch.ts';
import { chunkName } from './chunk-name.ts';
import classes from './Grid.module.css';
import { CHUNK_WORDS } from './GridLegend.tsx';

type GridRowProps = {
  /** Ordinal of the first cell. */
  first: number;
  letters: string;
  frames: number[] | null;
  top: number;
  cell: number;
  gap: number;
  numbered: boolean;
  /** Ordinal of the cell that the tab key reaches, -1 where it is in another row. */
  active: number;
  opened: number;
};

export const GridRow = memo(
  function GridRow({ first, letters, frames, top, cell, gap, numbered, active, opened }: GridRowProps) {
    return (
      <div className={classes.row} style={{ top, height: cell, gap }}>
        {letters.split('').map((letter, index) => {
          const ordinal = first + index;
          const name = chunkName({ frames }, ordinal);
          const label = `${name}: ${CHUNK_WORDS[statusOfLetter(letter)]}`;
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
            >
              {numbered ? (frames?.[ordinal] ?? ordinal + 1) : null}
            </button>
          );
        })}
      </div>
    );
  },
  // `frames` is the same list again after every answer of the same stage.
  (a, b) =>
    a.first === b.first &&
    a.letters === b.letters &&
    a.top === b.top &&
    a.cell === b.cell &&
    a.numbered === b.numbered &&
    a.active === b.active &&
    a.opened === b.opened &&
    a.frames?.[a.first] === b.frames?.[b.first] &&
    a.frames?.length === b.frames?.length,
);
