import { IconChartDots3 } from '@tabler/icons-react';
import classes from './Training.module.css';

/** A training has no picture: a sign of what it is. */
export function Thumbnail() {
  return (
    <div className={classes.thumbnail}>
      <IconChartDots3 aria-hidden stroke={1.4} />
    </div>
  );
}
