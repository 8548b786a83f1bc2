import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { useSyncExternalStore } from 'react';

let present: Placement = {};
const listeners = new Set<() => void>();

/** Which workers the next job is to be done on, chosen beside its upload and sent along when it is created. */
export const chosenPlacement = {
  get: (): Placement => present,
  set(placement: Placement): void {
    present = placement;
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export const useChosenPlacement = (): Placement =>
  useSyncExternalStore(chosenPlacement.subscribe, chosenPlacement.get);

/** The job with it; as it is, where any worker may do it. */
export function placed<Job extends object>(job: Job): Job & { placement?: Placement } {
  const asked = Object.entries(present).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return asked.length === 0 ? job : { ...job, placement: Object.fromEntries(asked) };
}
