import { z } from 'zod';
import { CommandSettings } from './settings.ts';

const Count = z.int().nonnegative();

/** What the API shows of every kind that runs commands, beside what every job has. */
export const RunsView = z.object({
  words: z.array(z.string()),
  /** How many files went along. */
  files: Count,
  /** Names of its parameters, in order. */
  parameters: z.array(z.string()),
  settings: CommandSettings,
  /** `stage`: of the stage under way. Of one of bundles `done` counts whole ones, whatever of them is left over. */
  runs: z.object({ total: z.int().positive(), stage: Count, done: Count, failed: Count }),
});
export type RunsView = z.infer<typeof RunsView>;

export const CommandView = RunsView.extend({ kind: z.literal('command') });
export type CommandView = z.infer<typeof CommandView>;
