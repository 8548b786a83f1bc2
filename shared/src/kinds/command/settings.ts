import { z } from 'zod';
import { strictObject } from '../../model/strict-object.ts';

/** How the runs of a command are done; `submissionProblem` says what fits nowhere, as the site reads this at a first visit. Every field has a default. */
export const CommandSettings = strictObject({
  /** Runs of one chunk, done one after the other by one worker; null bundles those of milliseconds by itself. */
  chunk: z.int().min(1).max(10_000).nullable().default(null),
  /** How often a run that failed is tried again. */
  retries: z.int().min(0).max(100).default(0),
  /** Exit codes after which it is not. */
  noRetry: z.array(z.int().min(1).max(255)).max(255).default([]),
  /** How what all runs left becomes one file: rows of tables, lines of JSON, or bytes one behind the other. */
  gather: z.enum(['csv', 'jsonl', 'concat']).nullable().default(null),
  /** A command of one's own in its place, run last: it finds what all runs left in the folder `results`, and what it leaves is the result of the job. */
  gatherBy: z.array(z.string().max(8_000)).min(1).max(1_000).nullable().default(null),
  /** A folder that a run keeps what it goes on from in: where it is taken back while it runs, that goes with it. Each run is a chunk then. */
  checkpoint: z.string().min(1).max(1_024).nullable().default(null),
  /** Seconds that a run may take; null for as long as its worker gives a chunk. */
  timeSeconds: z
    .number()
    .positive()
    .max(30 * 86_400)
    .nullable()
    .default(null),
});
export type CommandSettings = z.infer<typeof CommandSettings>;
