import { z } from 'zod';
import { JobId } from '../model/ids.ts';
import { strictObject } from '../model/strict-object.ts';

/** What could be done about the queue: see `adviceWords`. Times are in ms since 1970; `endsAt` is when it ends otherwise. */
export const LoadAdvice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('nothing-waits') }),
  z.object({ type: z.literal('in-time'), endsAt: z.number(), by: z.number() }),
  /** So many more workers of the usual speed, from that time on, would end it by then. */
  z.object({
    type: z.literal('more-workers'),
    workers: z.int().positive(),
    from: z.number(),
    by: z.number(),
    /** Null where it is not within the forecast's time. */
    endsAt: z.number().nullable(),
  }),
  /** Not even a hundred more would. */
  z.object({ type: z.literal('too-much'), endsAt: z.number().nullable(), by: z.number() }),
  z.object({ type: z.literal('no-worker'), by: z.number() }),
]);
export type LoadAdvice = z.infer<typeof LoadAdvice>;

const Work = z.number().nonnegative();

/**
 * GET /api/v1/load?by=…: what the farm had to do and could do of late, and what is expected. Work is in milliseconds of
 * a slot of a worker of speed 1, in quarter hours.
 */
export const Load = z.object({
  now: z.number(),
  /** Null while the load balancer has said nothing for a quarter of an hour. */
  present: z
    .object({ workers: z.int(), /** What they all do in a millisecond. */ speed: Work, waitingMs: Work })
    .nullable(),
  /** The last two days, oldest first; the running quarter hour is left out. */
  past: z.array(z.object({ at: z.number(), demandMs: Work, capacityMs: Work, waitingMs: Work })),
  /** The next day, from the running quarter hour on. */
  future: z.array(z.object({ at: z.number(), demandMs: Work, capacityMs: Work })),
  forecast: z.discriminatedUnion('from', [
    /** The history is too short: the present is taken to last, and nothing more to come. */
    z.object({ from: z.literal('present'), days: z.number(), needsDays: z.number() }),
    /** Errors are mean absolute scaled ones over the last `days`: 1 is what the same time of the day before comes to. */
    z.object({
      from: z.literal('history'),
      used: z.enum(['holt-winters', 'lstm']),
      days: z.int(),
      holtWinters: z.number(),
      /** Null where there is no network, or not history enough for it. */
      lstm: z.number().nullable(),
      madeAt: z.number(),
    }),
  ]),
  /** The network that was taken in last. */
  network: z.object({ job: z.string(), takenAt: z.number() }).nullable(),
  advice: LoadAdvice,
});
export type Load = z.infer<typeof Load>;

/** PUT /api/v1/load/network: weights that a job of the team came to, one of its artifacts in the format safetensors. */
export const TakeNetwork = strictObject({
  job: JobId,
  artifact: z.string().min(1).max(300).default('model.safetensors'),
});
export type TakeNetwork = z.input<typeof TakeNetwork>;
