import { FRAME_EVENTS } from './blender/events.ts';
import { TRAINING_EVENTS, TrainingProgress } from './training/events.ts';

/** What only jobs of one kind tell; a new kind adds its events here. */
export const KIND_EVENTS = [...FRAME_EVENTS, ...TRAINING_EVENTS] as const;

/** What `job.progress` has of one kind alone, under the kind's own name. */
export const KIND_PROGRESS = { training: TrainingProgress.optional() } as const;
