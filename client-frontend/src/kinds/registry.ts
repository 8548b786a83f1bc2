import { blender } from './blender/kind.ts';
import type { SiteKind } from './kind.ts';
import { training } from './training/kind.ts';

/** Every kind of job the site knows; the one line a new kind adds here. */
export const SITE_KINDS: readonly SiteKind[] = [blender, training];

/** Null for a kind that a newer farm knows and this page does not. */
export const siteKind = (name: string): SiteKind | null =>
  SITE_KINDS.find((kind) => kind.name === name) ?? null;
