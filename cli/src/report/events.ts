import { z } from 'zod';

/**
 * What `pilot render` and `pilot job --follow` tell while they work: with
 * `--json` one of these a line, with `time` (ISO 8601) added. The names and
 * fields are stable; new fields may come.
 */
export const RenderEvent = z.discriminatedUnion('event', [
  /** An embedded farm is being started for this job. */
  z.object({ event: z.literal('farm.starting'), workers: z.int() }),
  /** `embedded`: started for this job; otherwise one that was there. */
  z.object({ event: z.literal('farm.ready'), url: z.string(), embedded: z.boolean() }),
  /** A part of the embedded farm died and is started again. */
  z.object({ event: z.literal('farm.incident'), message: z.string() }),
  /** Bytes, at most once a second. */
  z.object({ event: z.literal('upload.progress'), sent: z.number(), total: z.number() }),
  /** `reused`: the farm had the file already. */
  z.object({ event: z.literal('upload.done'), hash: z.string(), size: z.number(), reused: z.boolean() }),
  /** `resumed`: the job of an earlier, interrupted run of the same command is taken up. */
  z.object({ event: z.literal('job.created'), job: z.string(), name: z.string(), resumed: z.boolean() }),
  z.object({ event: z.literal('job.state'), job: z.string(), state: z.string() }),
  z.object({
    event: z.literal('job.note'),
    level: z.enum(['info', 'warning', 'error']),
    code: z.string(),
    message: z.string(),
  }),
  /** At most once a second. `workers` is what each does for this job now; `fraction` and `stitching` from 0 to 1. */
  z.object({
    event: z.literal('job.progress'),
    job: z.string(),
    state: z.string(),
    stage: z.string(),
    done: z.int(),
    failed: z.int(),
    total: z.int(),
    eta_seconds: z.number().nullable(),
    stitching: z.number().nullable(),
    workers: z.array(
      z.object({ name: z.string(), label: z.string(), fraction: z.number(), detail: z.string() }),
    ),
  }),
  /** `worker` is null where it was not heard of at the time. */
  z.object({
    event: z.literal('frame.done'),
    frame: z.int(),
    worker: z.string().nullable(),
    done: z.int(),
    total: z.int(),
  }),
  z.object({ event: z.literal('frame.failed'), frame: z.int() }),
  /** The farm stopped answering; the job is followed again as soon as it does. */
  z.object({ event: z.literal('server.lost'), url: z.string() }),
  z.object({ event: z.literal('server.back'), url: z.string() }),
  /** Files fetched from the farm, at most once a second. */
  z.object({ event: z.literal('save.progress'), saved: z.int(), total: z.int() }),
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
  /** The last event of a run that ends with another exit code. */
  z.object({ event: z.literal('error'), message: z.string() }),
]);
export type RenderEvent = z.infer<typeof RenderEvent>;
export type JobProgress = Extract<RenderEvent, { event: 'job.progress' }>;

/** Where events go: a screen, lines of text, or lines of JSON. */
export interface Reporter {
  report(event: RenderEvent): void;
  close(): void;
}
