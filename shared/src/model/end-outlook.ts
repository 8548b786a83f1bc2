import { z } from 'zod';
import { DEADLINE_CODES, EndRange } from './job-end.ts';

/** What would make an end come in time. Null where that alone is not enough. */
export const DeadlineHelp = z.object({
  /** So many more workers like those that may do it now. */
  workers: z.int().positive().nullable(),
  /** The part of its work that it would have to have less, 0 to 1. */
  lessWork: z.number().min(0).max(1).nullable(),
});
export type DeadlineHelp = z.infer<typeof DeadlineHelp>;

/** What a deadline makes of a job: it goes before others of its priority, may preempt lesser work besides, or is given up. */
export const URGENCIES = ['none', 'first', 'preempt', 'lost'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** When a job is expected to end, and how its deadline stands, as the load balancer sees it. */
export const EndOutlook = z.object({
  range: EndRange.nullable(),
  /** Null without a deadline. */
  deadline: z
    .object({
      code: z.enum(DEADLINE_CODES),
      urgency: z.enum(URGENCIES),
      /** What is counted on: those that are here now, or as many as are forecast. */
      workers: z.enum(['present', 'forecast']),
      /** Milliseconds by which it is expected to be missed, or to be met. */
      lateMs: z.number(),
      /** Its own work is not known: by what goes before it, it is missed by so much at least. */
      atLeast: z.boolean().optional(),
      help: DeadlineHelp.nullable(),
    })
    .nullable(),
});
export type EndOutlook = z.infer<typeof EndOutlook>;
