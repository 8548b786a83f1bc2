import { TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { z } from 'zod';

/** How many runs there are, and are over, as part of every `job.progress` of a command. */
export const CommandProgress = z.object({ runs: z.int(), done: z.int(), failed: z.int() });
export type CommandProgress = z.infer<typeof CommandProgress>;

/** What only commands tell. */
export const COMMAND_EVENTS = [
  /** What the runs have left is there, in `folder`. */
  z.object({
    event: z.literal('results.saved'),
    job: z.string(),
    folder: z.string(),
    runs: z.int(),
    files: z.int(),
  }),
  /** What all runs left is one file. `view`: the first rows of a table and points of it; null for another. */
  z.object({
    event: z.literal('gathered.saved'),
    job: z.string(),
    path: z.string(),
    size: z.number(),
    view: TableView.nullable(),
  }),
  /** All runs are done. The last event of a run that ends with exit code 0. */
  z.object({
    event: z.literal('run.done'),
    job: z.string(),
    seconds: z.number(),
    runs: z.int(),
    folder: z.string().nullable(),
  }),
] as const;
