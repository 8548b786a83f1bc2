import type { JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import { useCallback, useMemo, useRef, useState } from 'react';

export type Selection = {
  selected: ReadonlySet<string>;
  /** `through`: with all between this row and the one that was touched last. */
  toggle(id: string, through: boolean): void;
  set(ids: Iterable<string>): void;
};

/** Which rows of the list are selected; those that left the list are not. */
export function useSelection(jobs: readonly JobSummary[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  const selected = useMemo(
    () => new Set(jobs.map((job) => job.id as string).filter((id) => chosen.has(id))),
    [jobs, chosen],
  );
  const order = useRef(jobs);
  order.current = jobs;
  const toggle = useCallback((id: string, through: boolean) => {
    const between = through ? rangeOf(order.current, last.current, id) : [id];
    last.current = id;
    setChosen((before) => {
      const on = !before.has(id);
      const next = new Set(before);
      for (const one of between) {
        if (on) next.add(one);
        else next.delete(one);
      }
      return next;
    });
  }, []);
  const set = useCallback((ids: Iterable<string>) => setChosen(new Set(ids)), []);
  return { selected, toggle, set };
}

/** The rows from one to another, both with them; the second alone where the first is not in the list. */
export function rangeOf(jobs: readonly Pick<JobSummary, 'id'>[], from: string | null, to: string): string[] {
  const ids = jobs.map((job) => job.id as string);
  const [a, b] = [from === null ? -1 : ids.indexOf(from), ids.indexOf(to)];
  return a === -1 || b === -1 ? [to] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}
