import { z } from 'zod';
import { Hours } from './hours.ts';
import { LentName, MOST_LENT } from './lent-data.ts';
import { Gpu, Offer } from './resources.ts';
import { strictObject } from './strict-object.ts';

/**
 * How much of a machine its owner lends, and when. What is left out is not limited. It is set in several places (where
 * the worker is started, in a file, on the site), and what holds is the strictest of all: see lending-terms.ts.
 */
export const Lending = strictObject({
  threads: Offer.shape.threads.optional(),
  /** Of the threads of the machine, rounded down, and at least one. */
  threadsPercent: z.number().min(1).max(100).optional(),
  memoryBytes: Offer.shape.memoryBytes.min(1).optional(),
  diskBytes: Offer.shape.diskBytes.optional(),
  /** By name, or one by its device, such as "cuda:1"; none where it is empty. */
  gpus: z.array(Gpu.shape.name).max(64).optional(),
  /** Kinds of work that it is lent for. */
  kinds: z.array(z.string().min(1).max(64)).max(32).optional(),
  /** Of the folders that it lends as data, these; none where it is empty. */
  data: z.array(LentName).max(MOST_LENT).optional(),
  /** It is lent while it lies within each of these. */
  hours: z.array(Hours).max(8).optional(),
  /** Only while nobody else uses the machine. */
  onlyIdle: z.boolean().optional(),
});
export type Lending = z.infer<typeof Lending>;
