import { IconTerminal2 } from '@tabler/icons-react';
import classes from './Command.module.css';

/** A command has no picture: a sign of what it is. */
export function Thumbnail() {
  return (
    <div className={classes.thumbnail}>
      <IconTerminal2 aria-hidden stroke={1.4} />
    </div>
  );
}
