import { z } from 'zod';
import type { FunctionSettings } from './settings.ts';

/** What the API shows of a job that keeps the instances of a function's version, beside what every job has. */
export const FunctionView = z.object({
  kind: z.literal('function'),
  name: z.string(),
  version: z.int().positive(),
  handler: z.string(),
  /** The image that it runs in; null for the worker's own interpreter. */
  image: z.string().nullable().default(null),
  /** Parsed when the version was deployed: the site's first visit does without their rules. */
  settings: z.looseObject({}) as unknown as z.ZodType<FunctionSettings>,
});
export type FunctionView = z.infer<typeof FunctionView>;
