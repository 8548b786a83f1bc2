import { blender } from './blender/kind.ts';
import type { Kind } from './kind.ts';

/** Every kind of job there is; the one line a new kind adds here. */
export const KINDS = { blender } as const;

export type KindName = keyof typeof KINDS;

/** The kind of that name, with its spec type forgotten: callers pass on what `spec` parsed. */
export function kindOf(name: string): Kind<unknown> {
  const kind = (KINDS as Record<string, unknown>)[name];
  if (kind === undefined) throw new Error(`There is no kind of job named "${name}".`);
  return kind as Kind<unknown>;
}
