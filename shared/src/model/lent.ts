import { z } from 'zod';

/** Whether a worker is lent now; times in ms since 1970, of what is known to come. */
export const Lent = z.discriminatedUnion('open', [
  z.object({ open: z.literal(true), until: z.number().nullable() }),
  z.object({
    open: z.literal(false),
    /** `in-use`: somebody else uses the machine. */
    because: z.enum(['hours', 'in-use']),
    /** Null where nobody knows, or never. */
    from: z.number().nullable(),
    /** Of the first of its hours; null where it has none. */
    timeZone: z.string().max(64).nullable(),
  }),
]);
export type Lent = z.infer<typeof Lent>;

export const ALWAYS_LENT: Lent = { open: true, until: null };
