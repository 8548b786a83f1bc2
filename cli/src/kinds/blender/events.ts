import { z } from 'zod';

/** What only renders tell. */
export const FRAME_EVENTS = [
  /** `worker` is null where the worker was not known at that time. */
  z.object({
    event: z.literal('frame.done'),
    frame: z.int(),
    worker: z.string().nullable(),
    done: z.int(),
    total: z.int(),
  }),
  z.object({ event: z.literal('frame.failed'), frame: z.int() }),
  z.object({ event: z.literal('video.saved'), path: z.string(), size: z.number() }),
  z.object({ event: z.literal('frames.saved'), folder: z.string(), count: z.int() }),
  /** Everything asked for is there. The last event of a run that ends with exit code 0. */
  z.object({
    event: z.literal('render.done'),
    job: z.string(),
    seconds: z.number(),
    video: z.string().nullable(),
    folder: z.string().nullable(),
    frames: z.int(),
  }),
] as const;
