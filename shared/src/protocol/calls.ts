import { z } from 'zod';
import { BlobHash, CallId, JobId, LeaseId, WorkerId } from '../model/ids.ts';

/**
 * Calls of what lasts on workers: light messages under its lease, backend -> balancer -> worker, and back as the
 * acknowledgement. The balancer stores nothing of them and takes no part in who gets which; whoever calls has to bear
 * that a call is lost with its worker. Texts are JSON that nobody on the way reads; what is longer is a blob, and the
 * message names it.
 */

/** Of an event and of an answer in a message, bytes of UTF-8 are no more than three times as many. */
export const MOST_CALL_CHARACTERS = 256 * 1024;
const CallText = z.string().max(MOST_CALL_CHARACTERS);
export const MOST_CALL_LOG = 4_096;

/** An event or an answer that is a blob: JSON of `size` bytes. */
export const CallFile = z.object({ hash: BlobHash, size: z.int().nonnegative() });
export type CallFile = z.infer<typeof CallFile>;
/** One that a worker has delivered under its lease; the receipt proves it. */
const DeliveredCallFile = CallFile.extend({ receipt: z.string().max(128) });
export type DeliveredCallFile = z.infer<typeof DeliveredCallFile>;

/** How long a blob of a call may take from the farm to its instance, and back, each, milliseconds. */
export const CALL_TRANSFER_MS = 120_000;

/** backend -> balancer -> worker, acknowledged with CallEnd. */
export const Call = z.object({
  lease: LeaseId,
  call: CallId,
  /** JSON; or the blob with it, which the lease may read. */
  event: z.union([CallText, CallFile]),
  /** Of its answer, as JSON. */
  mostAnswerBytes: z.int().positive(),
  /** What the program is told of the call beside its event. */
  context: z.record(z.string().max(64), z.union([z.string().max(512), z.number(), z.null()])),
  /** What it may take, from when its instance has it. */
  timeoutMs: z.int().min(1).max(3_600_000),
});
export type Call = z.infer<typeof Call>;

/** How a call may fail, and whether its work may have begun: what has not may be given to another. */
export const CALL_FAILURES = {
  'handler-error': { begun: true },
  'not-json': { begun: true },
  'answer-too-large': { begun: true },
  died: { begun: true },
  timeout: { begun: true },
  'event-not-json': { begun: true },
  /** The blob could not be had, or brought: the same farm would give it to the next no better. */
  'event-lost': { begun: true },
  'answer-lost': { begun: true },
  stopped: { begun: true },
  'worker-lost': { begun: true },
  /** It has as many as it takes at once, or takes none any more. */
  busy: { begun: false },
  'no-instance': { begun: false },
} as const satisfies Record<string, { begun: boolean }>;
export type CallFailure = keyof typeof CALL_FAILURES;

/** What a call came to. `ms` is what it took where it ran, `log` the end of what it printed. */
export const CallEnd = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    answer: z.union([CallText, DeliveredCallFile]),
    log: z.string().max(MOST_CALL_LOG),
    ms: z.number().nonnegative(),
  }),
  z.object({
    ok: z.literal(false),
    code: z.enum(Object.keys(CALL_FAILURES) as [CallFailure, ...CallFailure[]]),
    message: z.string().max(2_000),
    log: z.string().max(MOST_CALL_LOG),
    ms: z.number().nonnegative(),
  }),
]);
export type CallEnd = z.infer<typeof CallEnd>;

export const callFailed = (code: CallFailure, message: string): CallEnd & { ok: false } => ({
  ok: false,
  code,
  message,
  log: '',
  ms: 0,
});

/** From when a call is sent to when its worker has answered it, at the most, milliseconds. */
export const longestOf = ({ timeoutMs }: Pick<Call, 'timeoutMs'>): number => timeoutMs + 2 * CALL_TRANSFER_MS;

/** backend -> balancer -> worker: take no more calls under this lease, end those under way, and then the chunk. */
export const Retire = z.object({ lease: LeaseId });
export type Retire = z.infer<typeof Retire>;

/** worker -> balancer: all leases under which it takes calls now, and how many at once; said anew whenever that changes. */
export const Callable = z.object({
  instances: z.array(z.object({ lease: LeaseId, room: z.int().min(1).max(100) })).max(256),
});
export type Callable = z.infer<typeof Callable>;

/** balancer -> backends: the same of one worker, of those leases that stand. None of one that is away. */
export const InstancesPatch = z.object({
  worker: WorkerId,
  instances: z.array(
    z.object({ lease: LeaseId, job: JobId, ordinal: z.int().nonnegative(), room: z.int().min(1) }),
  ),
});
export type InstancesPatch = z.infer<typeof InstancesPatch>;
