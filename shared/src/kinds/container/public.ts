import type { PublicKind } from '../kind.ts';
import { CONTAINER_FAILURES } from './failures.ts';
import { ContainerView } from './view.ts';

export const containerPublic = {
  name: 'container',
  failures: CONTAINER_FAILURES,
  view: ContainerView,
} satisfies PublicKind;
