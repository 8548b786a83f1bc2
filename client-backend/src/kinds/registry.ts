import type { KindName } from '@parallel-pilot/shared/kinds/registry.ts';
import { blenderBackend } from './blender/index.ts';
import { commandBackend } from './command/index.ts';
import { containerBackend } from './container/index.ts';
import { functionBackend } from './function/index.ts';
import type { FarmKind } from './kind.ts';
import { trainingBackend } from './training/index.ts';

/** The backend's part of every kind; the one line a new kind adds here. */
export const BACKEND_KINDS: Record<KindName, FarmKind> = {
  blender: blenderBackend,
  training: trainingBackend,
  command: commandBackend,
  container: containerBackend,
  function: functionBackend,
};

export function backendKindOf(name: string): FarmKind {
  const kind = (BACKEND_KINDS as Record<string, FarmKind>)[name];
  if (kind === undefined) throw new Error(`There is no kind of job named "${name}".`);
  return kind;
}
