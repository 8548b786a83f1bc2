import type { PublicKind } from '../kind.ts';
import { TRAINING_FAILURES } from './failures.ts';
import { TrainingView } from './view.ts';

export const trainingPublic = {
  name: 'training',
  failures: TRAINING_FAILURES,
  view: TrainingView,
} satisfies PublicKind;
