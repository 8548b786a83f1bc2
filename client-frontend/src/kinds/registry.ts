import { blender } from './blender/kind.ts';
import { command } from './command/kind.ts';
import { container } from './container/kind.ts';
import { functionKind } from './function/kind.ts';
import type { SiteKind } from './kind.ts';
import { training } from './training/kind.ts';

/** Every kind of job the site knows; the one line a new kind adds here. */
export const SITE_KINDS: readonly SiteKind[] = [blender, training, command, container, functionKind];

/** Those that files can be dropped for. */
export const DROPPED_KINDS = SITE_KINDS.filter(isDropped);

/** What kinds have beside jobs, with pages of its own. */
export const OWN_PAGES = SITE_KINDS.flatMap(({ own }) => own ?? []);

type DroppedKind = SiteKind & { offer: object };
function isDropped(kind: SiteKind): kind is DroppedKind {
  return kind.offer !== null;
}

/** What a machine must have to be a worker, in words: any one of it is enough. */
export const MACHINES = DROPPED_KINDS.map((kind) => kind.needs).join(', or with ');

/** The settings to give before there is a job of the kind, or of one that widens it. */
export const setupOf = (kind: SiteKind): SiteKind['Setup'] =>
  SITE_KINDS.find(({ widens }) => widens === kind.name)?.Setup ?? kind.Setup;

/** Null for a kind that a newer farm knows and this page does not. */
export const siteKind = (name: string): SiteKind | null =>
  SITE_KINDS.find((kind) => kind.name === name) ?? null;
