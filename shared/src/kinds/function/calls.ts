import { z } from 'zod';
import { CallId, FunctionId, JobId, PersonId, WorkerId } from '../../model/ids.ts';
import { CallFile } from '../../protocol/calls.ts';
import { FunctionName } from './name.ts';
import { FunctionSettings } from './settings.ts';

/**
 * How a call may end otherwise than with an answer, and the HTTP status that says so. 400: the event. 500: the handler itself. 502: what
 * ran it is gone. 504: it took too long. 429 and 503: it was never begun. `again`: it may be called once more with the
 * same idempotency key, as it was not begun or nobody knows how far it came.
 */
export const CALL_PROBLEMS = {
  'handler-error': { status: 500, again: false },
  'not-json': { status: 500, again: false },
  'event-not-json': { status: 400, again: false },
  'answer-too-large': { status: 500, again: false },
  'handler-broken': { status: 500, again: true },
  'packages-missing': { status: 500, again: true },
  'bad-image': { status: 500, again: true },
  'build-failed': { status: 500, again: true },
  died: { status: 502, again: true },
  'event-lost': { status: 502, again: true },
  'answer-lost': { status: 502, again: true },
  stopped: { status: 502, again: true },
  'worker-lost': { status: 502, again: true },
  'keeps-dying': { status: 502, again: true },
  timeout: { status: 504, again: true },
  'no-instance': { status: 504, again: true },
  'queue-full': { status: 429, again: true },
  'not-possible': { status: 503, again: true },
  gone: { status: 404, again: true },
} as const satisfies Record<string, { status: number; again: boolean }>;
export type CallProblem = keyof typeof CALL_PROBLEMS;

/** Longest of an idempotency key. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'expected 1 to 200 printable characters without spaces');

export const FunctionFigures = z.object({
  /** In the last 24 hours, of those that are still recorded. */
  done: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  open: z.int().nonnegative(),
  /** What the handler took on average, milliseconds; null where none was done. */
  meanMs: z.number().nonnegative().nullable(),
});
export type FunctionFigures = z.infer<typeof FunctionFigures>;

/** A function as the API shows it. */
export const FunctionSummary = z.object({
  id: FunctionId,
  name: FunctionName,
  /** The active one. */
  version: z.int().positive(),
  /** The one that takes the calls: an earlier one, until the active one has its packages. */
  servedBy: z.int().positive(),
  handler: z.string(),
  /** The image that it runs in; null for the worker's own interpreter. */
  image: z.string().nullable().default(null),
  network: z.boolean().default(false),
  settings: FunctionSettings,
  /** Whose it is, by name, and who had it before and has left the team. */
  owner: z.string(),
  takenOverFrom: z.string().nullable(),
  /** Where it is called. */
  path: z.string(),
  /** Where whoever has its token calls it; null where nobody else may. */
  publicPath: z.string().nullable(),
  /** Instances that take calls now. */
  instances: z.int().nonnegative(),
  /** Calls that wait for an instance now. */
  waiting: z.int().nonnegative(),
  figures: FunctionFigures,
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type FunctionSummary = z.infer<typeof FunctionSummary>;
export const FunctionList = z.object({ functions: z.array(FunctionSummary) });

export const FunctionVersion = z.object({
  version: z.int().positive(),
  active: z.boolean(),
  takesCalls: z.boolean(),
  /** Why the active one takes none yet, as a sentence. */
  note: z.string().nullable(),
  /** When what it lacks is tried to be had again, ms since 1970; null where it is not, or is on its way. */
  triedAgainAt: z.number().nullable().default(null),
  handler: z.string(),
  image: z.string().nullable().default(null),
  network: z.boolean().default(false),
  files: z.array(z.object({ path: z.string(), size: z.int().nonnegative() })),
  settings: FunctionSettings,
  person: PersonId,
  /** The job that keeps its instances, or did last. */
  job: JobId.nullable(),
  createdAt: z.number(),
});
export type FunctionVersion = z.infer<typeof FunctionVersion>;
export const FunctionVersions = z.object({ versions: z.array(FunctionVersion) });

/** A call as it was recorded. */
export const CallRecord = z.object({
  id: CallId,
  version: z.int().positive(),
  how: z.enum(['sync', 'async']),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  /** Why it failed, and a sentence. */
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** The end of what it printed. */
  log: z.string(),
  worker: WorkerId.nullable(),
  attempts: z.int().nonnegative(),
  /** What the handler took, milliseconds. */
  ms: z.number().nonnegative().nullable(),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
});
export type CallRecord = z.infer<typeof CallRecord>;
/** Newest first; `next` is what `before` has to be for those that follow. */
export const CallList = z.object({ calls: z.array(CallRecord), next: z.string().nullable() });
/** `answer`: of one that is done, where it was kept. One that is larger than 256 KB is a file, to be had at `path`. */
export const CallDetail = CallRecord.extend({
  answer: z.unknown(),
  answerFile: CallFile.extend({ path: z.string() }).nullable(),
  /** The same of its event, until it is over. */
  eventFile: CallFile.nullable(),
});
export type CallDetail = z.infer<typeof CallDetail>;

/** Of a call that nobody waits for: `path` says what became of it. */
export const PostedCall = z.object({ call: CallId, path: z.string() });
export type PostedCall = z.infer<typeof PostedCall>;

/** Shown once: only its hash is kept. */
export const PublicToken = z.object({ path: z.string(), token: z.string() });
export type PublicToken = z.infer<typeof PublicToken>;
