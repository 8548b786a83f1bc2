import { z } from 'zod';

/** Names in one report, and characters in a name. */
export const MOST_MEASURED = 16;
export const LONGEST_MEASURED_NAME = 32;

/**
 * What the program measured on its way, by name: `{ loss: 0.31, accuracy: 0.9 }`.
 * Finite numbers only. Passed on unread: what a name means, the kind and its pages know.
 */
export const MeasuredValues = z
  .record(z.string().min(1).max(LONGEST_MEASURED_NAME), z.number())
  .refine((values) => Object.keys(values).length <= MOST_MEASURED, {
    error: `At most ${MOST_MEASURED} values can be reported at once.`,
  });
export type MeasuredValues = z.infer<typeof MeasuredValues>;
