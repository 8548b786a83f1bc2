import { MeasuredValues } from '@parallel-pilot/shared/protocol/measured.ts';
import { z } from 'zod';
import { KIND_EVENTS, KIND_PROGRESS } from '../kinds/events.ts';

/** What every run tells, whatever its kind. */
const COMMON_EVENTS = [
  /** An embedded farm is being started for this command. */
  z.object({ event: z.literal('farm.starting'), workers: z.int() }),
  /** `embedded`: started for this command; otherwise one that was there. */
  z.object({ event: z.literal('farm.ready'), url: z.string(), embedded: z.boolean() }),
  /** A part of the embedded farm died and is started again. */
  z.object({ event: z.literal('farm.incident'), message: z.string() }),
  /** Files of a folder that is packed into an archive. */
  z.object({ event: z.literal('pack.progress'), folder: z.string(), packed: z.int(), total: z.int() }),
  /** Bytes, at most once a second. */
  z.object({
    event: z.literal('upload.progress'),
    file: z.string(),
    sent: z.number(),
    total: z.number(),
  }),
  /** `reused`: the farm had the file already. */
  z.object({
    event: z.literal('upload.done'),
    file: z.string(),
    hash: z.string(),
    size: z.number(),
    reused: z.boolean(),
  }),
  /**
   * `resumed`: the job of an earlier, interrupted run of the same command is
   * taken up. `variant` is what sets it apart from the other jobs of this run,
   * such as "lr=0.1,width=32"; absent where there is one job.
   */
  z.object({
    event: z.literal('job.created'),
    job: z.string(),
    name: z.string(),
    resumed: z.boolean(),
    variant: z.string().optional(),
  }),
  z.object({ event: z.literal('job.state'), job: z.string(), state: z.string() }),
  z.object({
    event: z.literal('job.note'),
    job: z.string(),
    level: z.enum(['info', 'warning', 'error']),
    code: z.string(),
    message: z.string(),
  }),
  /**
   * At most once a second for each job. `workers` is what each does for this job now; `done`, `failed`
   * and `total` count the chunks of the stage; `fraction` of the whole job and `backgroundFraction` from 0 to 1.
   */
  z.object({
    event: z.literal('job.progress'),
    job: z.string(),
    state: z.string(),
    stage: z.string(),
    done: z.int(),
    failed: z.int(),
    total: z.int(),
    fraction: z.number(),
    eta_seconds: z.number().nullable(),
    /** Seconds: in eight of ten cases it takes as long as that. */
    eta_range: z.object({ from: z.number(), to: z.number() }).nullable().optional(),
    backgroundFraction: z.number().nullable(),
    workers: z.array(
      z.object({
        name: z.string(),
        label: z.string(),
        fraction: z.number(),
        detail: z.string(),
        values: MeasuredValues.optional(),
      }),
    ),
    ...KIND_PROGRESS,
  }),
  /** The farm stopped answering; the job is followed again as soon as it does. */
  z.object({ event: z.literal('server.lost'), url: z.string() }),
  z.object({ event: z.literal('server.back'), url: z.string() }),
  /** Files fetched from the farm, at most once a second. */
  z.object({ event: z.literal('save.progress'), saved: z.int(), total: z.int() }),
  /** The last event of a run that does not end with exit code 0. */
  z.object({ event: z.literal('error'), message: z.string() }),
] as const;

/**
 * What the commands that submit a job and `pilot job --follow` tell while they
 * work: with `--json` one of these a line, with `time` (ISO 8601) added. The
 * names and fields are stable; new fields may come.
 */
export const RunEvent = z.discriminatedUnion('event', [...COMMON_EVENTS, ...KIND_EVENTS]);
export type RunEvent = z.infer<typeof RunEvent>;
export type JobProgress = Extract<RunEvent, { event: 'job.progress' }>;
/** Told by one kind of job alone. */
export type KindEvent = z.infer<(typeof KIND_EVENTS)[number]>;

type Named = { shape: { event: { value: string } } };
/** Names of the events of a command, those of its kind after those of all. */
export const eventNames = (own: readonly Named[]): string[] =>
  [...COMMON_EVENTS, ...own].map((option) => option.shape.event.value);

/** Where events go: a screen, lines of text, or lines of JSON. */
export interface Reporter {
  report(event: RunEvent): void;
  close(): void;
}
