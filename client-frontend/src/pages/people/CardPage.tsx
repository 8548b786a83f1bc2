import { type ReactNode, useEffect } from 'react';
import { LogoMark } from '../../app/Logo.tsx';
import classes from './CardPage.module.css';

type CardPageProps = { title: string; text?: ReactNode; children?: ReactNode };

/** A page that stands alone: one thing is asked, and nothing is around it. */
export function CardPage({ title, text, children }: CardPageProps) {
  useEffect(() => {
    document.title = `${title} · Parallel Pilot`;
  }, [title]);
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <LogoMark size={40} />
        <div>
          <h1>{title}</h1>
          {text !== undefined && <p>{text}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}
