import { z } from 'zod';

/**
 * What each process of an embedded farm tells the one that started it, over
 * Node's IPC channel (`process.send`). A child whose channel closes stops by
 * itself, so nothing outlives a killed `pilot`.
 */
export const Ready = z.discriminatedUnion('process', [
  z.object({ type: z.literal('ready'), process: z.literal('load-balancer'), port: z.int() }),
  z.object({
    type: z.literal('ready'),
    process: z.literal('client-backend'),
    port: z.int(),
    url: z.url(),
    /** Lets the starter's own workers join. */
    workerToken: z.string(),
    /** Where the farm's first admin makes their account: good once, for an hour. Null where there is one, or nobody signs in. */
    adminLink: z.url().nullable(),
  }),
  z.object({ type: z.literal('ready'), process: z.literal('worker'), name: z.string() }),
]);
export type Ready = z.infer<typeof Ready>;

/** A child that cannot start says why in a sentence, then exits with code 1. */
export const StartFailed = z.object({ type: z.literal('start-failed'), message: z.string() });
export type StartFailed = z.infer<typeof StartFailed>;
export const FromChild = z.union([Ready, StartFailed]);
