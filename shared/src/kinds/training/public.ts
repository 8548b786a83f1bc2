import type { PublicKind } from '../kind.ts';
import { TRAINING_FAILURES } from './failures.ts';
import { TrainingSubmission } from './spec.ts';
import { TrainingView } from './view.ts';

export const trainingPublic = {
  name: 'training',
  failures: TRAINING_FAILURES,
  sent: TrainingSubmission,
  view: TrainingView,
} satisfies PublicKind;
