import { z } from 'zod';
import { FunctionName } from './name.ts';
import { FunctionSettings } from './settings.ts';

/** What the API shows of a job that keeps the instances of a function's version, beside what every job has. */
export const FunctionView = z.object({
  kind: z.literal('function'),
  name: FunctionName,
  version: z.int().positive(),
  handler: z.string(),
  settings: FunctionSettings,
});
export type FunctionView = z.infer<typeof FunctionView>;
