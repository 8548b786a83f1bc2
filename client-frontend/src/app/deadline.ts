import { useSyncExternalStore } from 'react';
import { submission } from './submission.ts';

let present: number | null = null;
const listeners = new Set<() => void>();

/** By when the next job should be done (ms since 1970), chosen beside its upload and sent along when it is created. */
export const chosenDeadline = {
  get: (): number | null => present,
  set(deadline: number | null): void {
    present = deadline;
    submission.dueBy(deadline);
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export const useChosenDeadline = (): number | null =>
  useSyncExternalStore(chosenDeadline.subscribe, chosenDeadline.get);
