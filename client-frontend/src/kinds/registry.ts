import { blender } from './blender/kind.ts';
import type { SiteKind } from './kind.ts';

/** Every kind of job the site knows; the one line a new kind adds here. */
const SITE_KINDS: Record<string, SiteKind> = { blender };

/** The kind whose choices are offered before there is a file. */
export const firstKind: SiteKind = blender;

/** Null for a kind that a newer farm knows and this page does not. */
export const siteKind = (name: string): SiteKind | null => SITE_KINDS[name] ?? null;

/** The kind that takes files of such a name. */
export const kindOfFile = (fileName: string): SiteKind | null =>
  Object.values(SITE_KINDS).find((kind) =>
    kind.extensions.some((extension) => fileName.toLowerCase().endsWith(extension)),
  ) ?? null;

export const extensions = (): string[] => Object.values(SITE_KINDS).flatMap((kind) => [...kind.extensions]);
