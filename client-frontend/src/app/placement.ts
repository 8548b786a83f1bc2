import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { useSyncExternalStore } from 'react';
import { submission } from './submission.ts';

let present: Placement = {};
const listeners = new Set<() => void>();

/** Which workers the next job is to be done on, chosen beside its upload and sent along when it is created. */
export const chosenPlacement = {
  get: (): Placement => present,
  set(placement: Placement): void {
    present = placement;
    const asked = Object.entries(placement).filter(([, value]) => !Array.isArray(value) || value.length > 0);
    submission.place(asked.length === 0 ? {} : { placement: Object.fromEntries(asked) });
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export const useChosenPlacement = (): Placement =>
  useSyncExternalStore(chosenPlacement.subscribe, chosenPlacement.get);
