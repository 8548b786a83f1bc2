import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import { useSyncExternalStore } from 'react';
import { submission } from './submission.ts';

/** Chosen beside the upload of the next job, and sent along when it is created. */
class Choice<T extends object> {
  #present: T;
  readonly #listeners = new Set<() => void>();

  constructor(first: T) {
    this.#present = first;
  }

  readonly get = (): T => this.#present;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(choice: T): void {
    this.#present = choice;
    submission.place({ ...said('placement', chosenPlacement.get()), ...said('asked', chosenAsked.get()) });
    for (const listener of this.#listeners) listener();
  }
}

/** What is left empty is not asked for. */
function said(name: string, choice: object): object {
  const asked = Object.entries(choice).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return asked.length === 0 ? {} : { [name]: Object.fromEntries(asked) };
}

/** Which workers the job is to be done on. */
export const chosenPlacement = new Choice<Placement>({});
/** What each part of it asks of a worker. */
export const chosenAsked = new Choice<Asked>({});

export const useChosenPlacement = (): Placement =>
  useSyncExternalStore(chosenPlacement.subscribe, chosenPlacement.get);
export const useChosenAsked = (): Asked => useSyncExternalStore(chosenAsked.subscribe, chosenAsked.get);
