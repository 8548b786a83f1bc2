import type { PublicKind } from '../kind.ts';
import { BLENDER_FAILURES } from './failures.ts';
import { BlenderView } from './view.ts';

export const blenderPublic = {
  name: 'blender',
  failures: BLENDER_FAILURES,
  view: BlenderView,
} satisfies PublicKind;
