import type { Icon } from '@tabler/icons-react';
import classes from './IconThumbnail.module.css';

/** For a job without a picture: a sign of its kind. */
export function IconThumbnail({ icon: Sign }: { icon: Icon }) {
  return (
    <div className={classes.thumbnail}>
      <Sign aria-hidden stroke={1.4} />
    </div>
  );
}
