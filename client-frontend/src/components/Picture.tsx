import { IconPhoto } from '@tabler/icons-react';
import { useState } from 'react';
import classes from './Picture.module.css';

type PictureProps = { src: string | null; alt: string; lazy?: boolean };

/** An image of the farm with a calm place-holder before it is there, or where it cannot be shown. */
export function Picture({ src, alt, lazy = false }: PictureProps) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <div className={classes.picture}>
      {src === null || broken === src ? (
        <IconPhoto aria-hidden stroke={1.2} />
      ) : (
        <img
          src={src}
          alt={alt}
          loading={lazy ? 'lazy' : 'eager'}
          decoding="async"
          onError={() => setBroken(src)}
        />
      )}
    </div>
  );
}
