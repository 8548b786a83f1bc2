import type { Shown } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { useState } from 'react';
import { pictureUrl, type ShownAt } from './queries.ts';
import classes from './Shown.module.css';

/** Pictures of fewer pixels are enlarged, each pixel a square. */
const FEW = 160;

export function ShownPicture({ at, what }: { at: ShownAt; what: Extract<Shown, { kind: 'image' }> }) {
  const [broken, setBroken] = useState<string | null>(null);
  const src = pictureUrl(at);
  if (broken === src) return <p className={classes.quiet}>This picture cannot be shown.</p>;
  const few = Math.max(what.width, what.height) < FEW;
  return (
    <img
      className={classes.picture}
      data-few={few || undefined}
      src={src}
      alt={`${what.name}, round ${at.round}`}
      width={what.width}
      height={what.height}
      decoding="async"
      onError={() => setBroken(src)}
    />
  );
}
