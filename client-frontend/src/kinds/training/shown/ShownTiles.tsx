import type { Shown } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { pictureUrl, type ShownAt } from './queries.ts';
import classes from './Shown.module.css';

/** Pictures that came as one, below each other: each with what is written under it. */
export function ShownTiles({ at, what }: { at: ShownAt; what: Extract<Shown, { kind: 'images' }> }) {
  const { captions, width, height } = what;
  const count = captions.length;
  const picture = {
    aspectRatio: `${width} / ${height / count}`,
    backgroundImage: `url("${pictureUrl(at)}")`,
    backgroundSize: `100% ${count * 100}%`,
  };
  return (
    <ul className={classes.tiles}>
      {captions.map((caption, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a tile is its place, and two may be called the same
        <li key={place}>
          <div
            role="img"
            aria-label={caption}
            style={{ ...picture, backgroundPositionY: `${count === 1 ? 0 : (place / (count - 1)) * 100}%` }}
          />
          <small>{caption}</small>
        </li>
      ))}
    </ul>
  );
}
