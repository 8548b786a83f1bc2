import { type ReactNode, useEffect } from 'react';
import classes from './PageHead.module.css';

type PageHeadProps = { title: string; tab?: string; sub?: ReactNode; children?: ReactNode };

/** A page's title, which the browser's tab shows as well. */
export function PageHead({ title, tab = title, sub, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${tab} · Parallel Pilot`;
  }, [tab]);
  return (
    <div className={classes.head}>
      <div>
        <h1>{title}</h1>
        {sub !== undefined && <div className={classes.sub}>{sub}</div>}
      </div>
      {children !== undefined && <div className={classes.side}>{children}</div>}
    </div>
  );
}
