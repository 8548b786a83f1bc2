import { z } from 'zod';

/** Figures that a script reported, by name. */
export const Metrics = z.record(z.string().min(1).max(32), z.number());
export type Metrics = z.infer<typeof Metrics>;
