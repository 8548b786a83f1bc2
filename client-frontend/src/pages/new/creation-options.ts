import { useSyncExternalStore } from 'react';
import type { CreationOptions } from '../../kinds/kind.ts';

let present: CreationOptions = {};
const listeners = new Set<() => void>();

/** The choices made beside the upload, read when the job is created. */
export const creationOptions = {
  get: (): CreationOptions => present,
  set(options: CreationOptions): void {
    present = options;
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export const useCreationOptions = (): CreationOptions =>
  useSyncExternalStore(creationOptions.subscribe, creationOptions.get);
