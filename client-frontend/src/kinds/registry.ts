import { blender } from './blender/kind.ts';
import type { SiteKind } from './kind.ts';
import { training } from './training/kind.ts';

/** Every kind of job the site knows; the one line a new kind adds here. */
export const SITE_KINDS: readonly SiteKind[] = [blender, training];

/** What a machine must have to be a worker, in words: any one of it is enough. */
export const MACHINES = SITE_KINDS.map((kind) => kind.needs).join(', or with ');

/** Null for a kind that a newer farm knows and this page does not. */
export const siteKind = (name: string): SiteKind | null =>
  SITE_KINDS.find((kind) => kind.name === name) ?? null;
