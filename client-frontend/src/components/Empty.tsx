import type { ReactNode } from 'react';
import { LogoMark } from '../app/Logo.tsx';
import classes from './Empty.module.css';

type EmptyProps = {
  title: string;
  text: string;
  action?: ReactNode;
  /** It is all there is on the page, and its title the page's. */
  page?: boolean;
};

/** What stands where there is nothing to show: what that means and what to do about it. */
export function Empty({ title, text, action, page = false }: EmptyProps) {
  const Title = page ? 'h1' : 'h2';
  return (
    <div className={classes.empty}>
      <div className={classes.art}>
        <LogoMark size={54} />
      </div>
      <Title>{title}</Title>
      <p>{text}</p>
      {action}
    </div>
  );
}
