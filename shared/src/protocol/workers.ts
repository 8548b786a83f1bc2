import { z } from 'zod';
import { FailureCode } from '../model/failures.ts';
import { BlobHash, ChunkId, JobId, LeaseId, StageId, WorkerId } from '../model/ids.ts';
import { Lending } from '../model/lending.ts';
import { ALWAYS_LENT, Lent } from '../model/lent.ts';
import { Labels } from '../model/placement.ts';
import { oneLine } from '../model/printable.ts';
import { Capabilities } from '../model/requirement.ts';
import { Asked, Offer } from '../model/resources.ts';
import { Call, Callable, Retire } from './calls.ts';
import { GangAddress, GangPlace } from './gang.ts';
import { WorkerLog } from './live-log.ts';
import { MeasuredValues } from './measured.ts';
import { Refusal } from './refusals.ts';
import { StageInput } from './stage-input.ts';

/**
 * Namespace `/workers`, between a worker and the load balancer. Every message
 * is parsed on arrival. `hello`, `done`, `failed`, `preempted`, `released` are acknowledged
 * with a Reply after they are committed; the worker keeps them until then.
 */

/** Socket.IO `auth` of a worker: looked at before anything else. */
/** `token` is the farm's own, a join token, or the credential that the worker got for one. */
export const WorkerAuth = z.object({ protocol: z.int(), token: z.string().min(1).max(512) });
export type WorkerAuth = z.infer<typeof WorkerAuth>;

/** What `connect_error.data` holds when a connection is refused. */
export const ConnectRefusal = Refusal.omit({ ok: true });
export type ConnectRefusal = z.infer<typeof ConnectRefusal>;

/** Of what a worker can do: names, and characters of all as JSON. The longest real one is a list of Python modules. */
const MOST_ABILITIES = 64;
const MOST_ABILITIES_CHARACTERS = 32_768;
const isShort = (capabilities: Capabilities): boolean =>
  Object.keys(capabilities).length <= MOST_ABILITIES &&
  JSON.stringify(capabilities).length <= MOST_ABILITIES_CHARACTERS;

/** worker -> balancer, first message after every connect. `identity` is a secret of the worker's own that keeps its id its own. */
export const Hello = z.object({
  worker: WorkerId,
  identity: z.string().min(16).max(128),
  /** Random, of this run of its process: two that run with one identity are told apart by it. */
  instance: z.string().min(16).max(64),
  name: z.string().max(512).transform(oneLine).pipe(z.string().min(1).max(128)),
  /** Chunks that it works on at the same time, whatever else there is room for. */
  slots: z.int().min(1).max(256),
  /** What they may use up together. */
  offer: Offer,
  capabilities: Capabilities.refine(isShort, 'expected fewer or shorter capabilities'),
  machine: z.object({ os: z.string().max(128), cpus: z.int().min(1), memoryBytes: z.number().nonnegative() }),
  /** As it was started with; what people have set on the farm goes before it. */
  tags: Labels.optional(),
  pools: Labels.optional(),
  /** What its owner lends of the machine, where the worker is; what people set on the farm narrows it further. */
  lending: Lending.default({}),
  /** Whether it is lent now. */
  lent: Lent.default(ALWAYS_LENT),
  /** Where other workers reach the gang members of this one; left out, it has none. */
  gang: GangAddress.optional(),
  /** Blobs in the worker's cache by their cache keys, most recently used first. */
  blobs: z.array(BlobHash).max(10_000),
  /** Leases the worker still works on or holds results of. */
  leases: z.array(z.object({ lease: LeaseId, started: z.boolean() })).max(4_096),
});
export type Hello = z.infer<typeof Hello>;

/** Reply to `hello`. Leases in `drop` no longer stand: stop that work and forget it. */
export const Welcome = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    drop: z.array(LeaseId),
    heartbeatMs: z.int().min(1).max(60_000),
    /** Where blobs are: a full base URL, or a port on the host the worker joined. */
    backend: z.union([z.object({ url: z.url() }), z.object({ port: z.int().min(1).max(65_535) })]),
    /** For a join token: what the worker comes back with from now on. It keeps it before it does anything else. */
    credential: z.string().max(128).optional(),
    /** As in `lend`. */
    lending: Lending.default({}),
  }),
  Refusal,
]);
export type Welcome = z.infer<typeof Welcome>;

/** worker -> balancer every HEARTBEAT_MS, no reply. cpu 0..1 over all cores; memory in bytes; load as `os.loadavg()[0]`. */
export const Heartbeat = z.object({
  cpu: z.number().min(0).max(1),
  memoryUsedBytes: z.number().nonnegative(),
  load: z.number().nonnegative(),
  draining: z.boolean(),
  /** What its chunks may use up together by now, where it is other than was said last over this connection. */
  offer: Offer.optional(),
  /** Likewise. */
  lent: Lent.optional(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/**
 * balancer -> worker, acknowledged with Reply (`draining`, `busy`). The blob at
 * `hash` is GET `<backend>/api/v1/blobs/<hash>?lease=<lease>&signature=<signature>`;
 * a result is PUT to the same address, and answered with a receipt. The
 * signature ends with the lease.
 */
export const Assign = z.object({
  lease: LeaseId,
  chunk: ChunkId,
  job: JobId,
  stage: StageId,
  kind: z.string(),
  /** Name of the stage within its kind. */
  stageName: z.string(),
  stageSpec: z.unknown(),
  chunkSpec: z.unknown(),
  inputs: z.array(StageInput).max(10_000),
  affinity: z.string(),
  /** Files are kept in the cache by `cacheKey(cacheScope, hash)`: one for each team. */
  cacheScope: z.string().max(64).default(''),
  hangLimitMs: z.int().positive(),
  /** What it uses up: it is begun when there is room for it beside what runs, and may take no more memory than that. */
  asked: Asked.default({}),
  /** What an earlier lease of the chunk left: its work goes on from there. Read as the inputs are, see CHECKPOINT. */
  checkpoint: z.object({ hash: BlobHash, size: z.int().nonnegative() }).optional(),
  /** Its place among the chunks of its stage that are worked on together; see there. */
  gang: GangPlace.optional(),
  signature: z.string(),
});
export type Assign = z.infer<typeof Assign>;

/** balancer -> worker: take back a chunk that has not started; Reply `already-started` when it has. */
export const Reclaim = z.object({ lease: LeaseId });
export type Reclaim = z.infer<typeof Reclaim>;

/**
 * balancer -> worker: end this chunk within that time, and leave a checkpoint if its kind can. One that is done by then
 * is reported as ever; any other as `preempted`. Reply ok.
 */
export const Preempt = z.object({ lease: LeaseId, noticeMs: z.int().min(0).max(600_000) });
export type Preempt = z.infer<typeof Preempt>;

/** balancer -> worker: these leases have ended (job canceled, lease lost); stop at once. Reply ok. */
export const Revoke = z.object({ leases: z.array(LeaseId).min(1) });
export type Revoke = z.infer<typeof Revoke>;

/** balancer -> worker: no work to come needs the blobs of these cache keys; what the cache has of them may go. Reply ok. */
export const Forget = z.object({ blobs: z.array(BlobHash).min(1).max(1_000) });
export type Forget = z.infer<typeof Forget>;

/** balancer -> worker: finish what has begun, deliver it, and end. Reply ok. */
export const Drain = z.object({});
export type Drain = z.infer<typeof Drain>;

/** balancer -> worker: what people let it lend at most. It keeps to the stricter of that and its own. Reply ok. */
export const Lend = z.object({ lending: Lending });
export type Lend = z.infer<typeof Lend>;

/** worker -> balancer: work on the chunk begins. No reply. */
export const Started = z.object({ lease: LeaseId });
export type Started = z.infer<typeof Started>;

/** worker -> balancer, at most 4 a second for all slots together, volatile. `values` are the last that were measured. */
export const Progress = z.object({
  chunks: z
    .array(
      z.object({
        lease: LeaseId,
        fraction: z.number().min(0).max(1),
        detail: z.string().max(120),
        /** So much of it would not be lost if it were taken back: it has left a checkpoint here. */
        kept: z.number().min(0).max(1).optional(),
        values: MeasuredValues.optional(),
        log: WorkerLog.optional(),
      }),
    )
    .max(256),
});
export type Progress = z.infer<typeof Progress>;

export const ResultFile = z.object({
  name: z.string().min(1).max(128),
  hash: BlobHash,
  size: z.number().int().nonnegative(),
  mediaType: z.string().max(128),
});
export type ResultFile = z.infer<typeof ResultFile>;

/** The answer to the PUT of a result's bytes. `receipt` is what the lease's `done` names them with. */
export const StoredFile = z.object({
  hash: BlobHash,
  size: z.number().int().nonnegative(),
  receipt: z.string().max(128),
});
export type StoredFile = z.infer<typeof StoredFile>;

/** A file of a result as its worker hands it in. */
export const DeliveredFile = ResultFile.extend(StoredFile.pick({ receipt: true }).shape);
export type DeliveredFile = z.infer<typeof DeliveredFile>;

/** The most that was seen in use by all processes of the chunk; what it was ended at where it wanted more. */
const PeakMemory = Offer.shape.memoryBytes.optional();

/**
 * worker -> balancer, acknowledged after commit. `busyMs` is the time the slot spent on the chunk, `openingMs` how much
 * of that went by until what stays open for the job's next chunks was open; left out where it was open already.
 */
export const Done = z.object({
  lease: LeaseId,
  result: z.unknown(),
  files: z.array(DeliveredFile).max(64),
  busyMs: z.number().nonnegative(),
  openingMs: z.number().nonnegative().optional(),
  peakMemoryBytes: PeakMemory,
  /** The last lines of the child's output, at most 4 KB. */
  log: z.string().max(4_096),
});
export type Done = z.infer<typeof Done>;

/** worker -> balancer, acknowledged after commit. */
export const Failed = z.object({
  lease: LeaseId,
  code: FailureCode,
  message: z.string().max(2_000),
  busyMs: z.number().nonnegative(),
  peakMemoryBytes: PeakMemory,
  log: z.string().max(16_384),
});
export type Failed = z.infer<typeof Failed>;

/** worker -> balancer, acknowledged after commit: a chunk that was to end has ended, and left that. */
export const Preempted = z.object({
  lease: LeaseId,
  checkpoint: DeliveredFile.nullable(),
  busyMs: z.number().nonnegative(),
  peakMemoryBytes: PeakMemory,
  log: z.string().max(4_096),
});
export type Preempted = z.infer<typeof Preempted>;

/** worker -> balancer, acknowledged: these chunks will not be worked on here (draining, or no room). */
export const Released = z.object({ leases: z.array(LeaseId).min(1).max(4_096), reason: z.string().max(200) });
export type Released = z.infer<typeof Released>;

/** worker -> balancer: the cache gained or lost the blobs of these cache keys. No reply. */
export const BlobsChanged = z.object({
  added: z.array(BlobHash).max(10_000),
  removed: z.array(BlobHash).max(10_000),
});
export type BlobsChanged = z.infer<typeof BlobsChanged>;

/** worker -> balancer, acknowledged: the worker leaves now; what it holds goes back to the queue at once. */
export const Leaving = z.object({ reason: z.string().max(200) });
export type Leaving = z.infer<typeof Leaving>;

export const WORKER_MESSAGES = {
  hello: Hello,
  heartbeat: Heartbeat,
  started: Started,
  progress: Progress,
  done: Done,
  failed: Failed,
  preempted: Preempted,
  released: Released,
  'blobs-changed': BlobsChanged,
  leaving: Leaving,
  callable: Callable,
} as const;

export const BALANCER_MESSAGES = {
  assign: Assign,
  reclaim: Reclaim,
  preempt: Preempt,
  revoke: Revoke,
  forget: Forget,
  drain: Drain,
  lend: Lend,
  call: Call,
  retire: Retire,
} as const;
