import type { ReactNode } from 'react';
import { LogoMark } from '../app/Logo.tsx';
import classes from './Empty.module.css';

/** What stands where there is nothing to show: what that means and what to do about it. */
export function Empty({ title, text, action }: { title: string; text: string; action?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <div className={classes.art}>
        <LogoMark size={54} />
      </div>
      <h2>{title}</h2>
      <p>{text}</p>
      {action}
    </div>
  );
}
