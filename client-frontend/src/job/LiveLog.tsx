import { useLayoutEffect, useRef } from 'react';
import classes from './Drawer.module.css';

type LiveLogProps = {
  /** What prints: "Part 2 of 8". */
  label: string;
  /** The last lines of it; undefined while nothing was printed. */
  log: string | undefined;
};

/** What a chunk under way printed last. It stays at the newest line, unless one has scrolled up. */
export function LiveLog({ label, log }: LiveLogProps) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolled on when there is more
  useLayoutEffect(() => {
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log]);
  if (log === undefined || log.trim() === '') return null;
  return (
    <section className={classes.liveLog} aria-label={`What ${label} prints`}>
      <pre
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        tabIndex={0}
        onScroll={({ currentTarget: at }) => {
          atEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < 8;
        }}
      >
        {log.trimEnd()}
      </pre>
    </section>
  );
}
