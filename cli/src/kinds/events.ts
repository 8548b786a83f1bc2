import { FRAME_EVENTS } from './blender/events.ts';
import { COMMAND_EVENTS, CommandProgress } from './command/events.ts';
import { TRAINING_EVENTS, TrainingProgress } from './training/events.ts';

/** What only jobs of one kind tell; a new kind adds its events here. */
export const KIND_EVENTS = [...FRAME_EVENTS, ...TRAINING_EVENTS, ...COMMAND_EVENTS] as const;

/** What `job.progress` has of one kind alone, under the kind's own name. */
export const KIND_PROGRESS = {
  training: TrainingProgress.optional(),
  command: CommandProgress.optional(),
} as const;
