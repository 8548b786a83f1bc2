import { useEffect, useState } from 'react';
import classes from '../../job/Job.module.css';

/** Shows the picture before until the next one is fully there, so that frames follow each other without a blink. */
export function SteadyPicture({ src, alt }: { src: string; alt: string }) {
  const [shown, setShown] = useState(src);
  useEffect(() => {
    const next = new Image();
    next.src = src;
    const show = () => setShown(src);
    next.decode().then(show, () => undefined);
    return () => {
      next.src = '';
    };
  }, [src]);
  return <img className={classes.steady} src={shown} alt={alt} />;
}
