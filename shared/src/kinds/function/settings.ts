import { z } from 'zod';
import { strictObject } from '../../model/strict-object.ts';

export const MOST_INSTANCES = 100;

/** How the instances of a function are run. Every field has a default. */
export const FunctionSettings = strictObject({
  /** Instances that are kept, also while nobody calls. */
  min: z.int().min(0).max(MOST_INSTANCES).default(0),
  /** Instances that there may be. */
  max: z.int().min(1).max(MOST_INSTANCES).default(8),
  /** Calls that one instance takes at once. */
  concurrency: z.int().min(1).max(100).default(1),
  /** What a call may take, from when its instance has it. */
  timeoutSeconds: z.number().min(0.1).max(900).default(30),
  /** Of one instance; null for a slot's part of its worker. */
  memoryBytes: z
    .int()
    .min(16 * 1024 ** 2)
    .max(1e15)
    .nullable()
    .default(null),
  /** Threads of one instance; null likewise. */
  cpus: z.int().min(1).max(256).nullable().default(null),
  /** An instance beyond `min` that nobody has called for so long ends. */
  idleSeconds: z.number().min(1).max(86_400).default(60),
  /** Calls that may wait for an instance; one more is refused. */
  queue: z.int().min(0).max(10_000).default(1_000),
}).refine(({ min, max }) => min <= max, { path: ['min'], error: 'min is more than max' });
export type FunctionSettings = z.infer<typeof FunctionSettings>;
