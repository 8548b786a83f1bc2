import { z } from 'zod';

/** What people call a function by, in a team. */
export const FunctionName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected small letters, digits and -, beginning with a letter');
export type FunctionName = z.infer<typeof FunctionName>;

const RUNTIMES = { py: 'python', js: 'javascript', mjs: 'javascript' } as const;
export type Runtime = (typeof RUNTIMES)[keyof typeof RUNTIMES];

/** What a handler is written in, by the end of its name; null for one that nothing here runs. */
export const runtimeOf = (handler: string): Runtime | null =>
  (RUNTIMES as Record<string, Runtime>)[handler.split('.').at(-1) ?? ''] ?? null;
