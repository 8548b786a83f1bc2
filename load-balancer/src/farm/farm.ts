import type { Urgency } from '@parallel-pilot/shared/model/end-outlook.ts';
import { type Escalation, STANDARD_ESCALATION } from '@parallel-pilot/shared/model/escalation.ts';
import type { FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import type {
  BlobHash,
  ChunkId,
  JobId,
  LeaseId,
  PersonId,
  StageId,
  TeamId,
  WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import { chunkId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { LeasePurpose } from '@parallel-pilot/shared/model/lease.ts';
import type { Lending } from '@parallel-pilot/shared/model/lending.ts';
import type { Lent } from '@parallel-pilot/shared/model/lent.ts';
import type { Place } from '@parallel-pilot/shared/model/placement.ts';
import type { Capabilities, Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { Asked, Offer, Used } from '@parallel-pilot/shared/model/resources.ts';
import type { Lender } from '@parallel-pilot/shared/model/worker.ts';
import type { DayForecast } from '@parallel-pilot/shared/protocol/control.ts';
import type { GangAddress } from '@parallel-pilot/shared/protocol/gang.ts';
import type { MeasuredValues } from '@parallel-pilot/shared/protocol/measured.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { Heartbeat } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Course } from '../prediction/course.ts';
import type { Estimate } from '../prediction/estimate.ts';
import type { Pace } from '../prediction/pace.ts';
import type { StageTimes } from '../prediction/stage-times.ts';
import { RangeCorrection, type TimeRange } from '../prediction/time-range.ts';
import type { ChunkTable } from './chunk-table.ts';
import { createLoadRecord, type LoadRecord } from './load-record.ts';
import { createNewcomers, type Newcomers } from './newcomers.ts';

/** All that the load balancer keeps in mind: open stages of live jobs, the workers, and who holds what. */
export type Farm = {
  jobs: Map<JobId, Job>;
  /** Of the teams that have jobs here. */
  shares: Map<TeamId, TeamShare>;
  stages: Map<StageId, Stage>;
  workers: Map<WorkerId, Worker>;
  /** The worker of each connection. */
  sessions: Map<SessionId, Worker>;
  /** Open leases only. */
  leases: Map<LeaseId, Lease>;
  /** When the last tick was handled; a long gap means that this process slept, not the workers. */
  tickedAt: number;
  seenNotedAt: number;
  idleForgottenAt: number;
  /** When loads of workers were last written. */
  loadsNotedAt: number;
  /** Of the quarter hour. */
  load: LoadRecord;
  /** When settings of workers were last compared with the database. */
  settingsReadAt: number;
  newcomers: Newcomers;
  /** By all present workers together. */
  offered: Amounts;
  /** Chunks that are held for a person, where there are any; of a team its share tells. */
  held: Map<PersonId, number>;
  chunkLimits: ChunkLimits;
  /** Of a chunk, before it counts as hung. */
  longestSilenceMs: number;
  escalation: Escalation;
  /** What a backend last said of the farm's load to come. */
  forecast: DayForecast | null;
  /** When ends of jobs were last foreseen, and how right that has been: of those with a deadline, which go before others in the end, and of the others. */
  endsForeseenAt: number;
  rangeCorrections: { dated: RangeCorrection; others: RangeCorrection };
  /** What came back since the last round was asked back for these. */
  claims: Claim[];
  /** Where room is made for the gang that has waited longest; null for none. */
  reservation: Reservation | null;
};

export type Slack = {
  /** Milliseconds before the deadline by which nine of ten such jobs are done. */
  ms: number;
  /** The same, or less where a job behind it has less: that waits for it. */
  putOffMs: number;
  /** It is too late, or it is given up because more other deadlines can be met without it. */
  lost: boolean;
};

/** When a job is expected to be done, in milliseconds from `at`. */
export type JobEnd = {
  at: number;
  range: TimeRange;
  /** As variances alone have it. */
  uncorrected: TimeRange;
  /** Of one with a deadline. */
  slack: Slack | null;
};

/** How many chunks may be held at once: for a team or a person for which that was set, null for no limit, and for each other team. */
export type ChunkLimits = { set: ReadonlyMap<TeamId | PersonId, number | null>; eachTeam: number | null };

/** One connection of a worker, counted up from 1. */
export type SessionId = number;

/** By resource: slots, threads, memory, disk, GPUs, and each named count. */
export type Amounts = Map<string, number>;

/** What a team or a job has of the farm, and had so far. */
export type Portion = {
  /** Leases open now. */
  held: number;
  /** What these use up, or will; and those of them that have begun, or can at once. */
  holds: { all: Amounts; begun: Amounts };
  /** Its dominant shares now, in slots: the part of the farm that it holds of the resource of which it holds most. */
  dominant: { all: number; begun: number };
  /** In each resource the part that it had, in slots, by how long: milliseconds. */
  had: Amounts;
  /** The most of these, and what it is taken to have had before it came. */
  usedSlotMs: number;
};

/** What a team has of the farm: teams are kept level before their jobs of equal priority are. */
export type TeamShare = {
  team: TeamId;
  /** Keeps its files apart in the caches of workers. */
  cacheScope: string;
  /** Its jobs here. */
  jobs: number;
} & Portion;

export type Job = {
  id: JobId;
  team: TeamId;
  share: TeamShare;
  /** Who submitted it. */
  person: PersonId;
  kind: string;
  status: JobStatus;
  priority: number;
  createdAt: number;
  stages: Set<Stage>;
  /** Chunks that failed on a worker through what may be the worker's fault. */
  failures: Map<WorkerId, Set<ChunkId>>;
  /** Workers that finished a chunk of it. */
  succeeded: Set<WorkerId>;
  lastFailure: { code: FailureCode; message: string } | null;
  /** Since when every worker that could go on is excluded; null while one is not. */
  stuckSince: number | null;
  /** By when it should be done, milliseconds since 1970. */
  deadline: number | null;
  urgency: Urgency;
  /** Null while nothing can be foreseen. */
  end: JobEnd | null;
  /** Some of the ends that were foreseen for it, to be compared with the end it comes to. */
  foreseen: Pick<JobEnd, 'at' | 'uncorrected' | 'range'>[];
} & Portion;

export type Stage = {
  id: StageId;
  job: Job;
  name: string;
  plannedAt: number;
  spec: unknown;
  inputs: StageInput[];
  /** Cache keys of the inputs, shortened, see `blobKey`. */
  inputKeys: number[];
  requirements: Requirement[];
  /** Equal for stages that need the same, so that a worker is matched once for all of them. */
  requirementsKey: string;
  /** It asks for tags or lent data, which no worker of another team has for it. */
  ofOwnTeam: boolean;
  affinity: string;
  /** What each of its chunks asks for, and the same as a key. */
  asked: Asked;
  askedKey: string;
  /** Which part of the whole job it is, from 0 to 1. */
  span: { from: number; to: number };
  memory: StageMemory;
  chunks: ChunkTable;
  times: StageTimes;
  /** Open leases of each chunk that is held, in the order in which they were granted. */
  held: Map<number, Lease[]>;
  /** Which worker a waiting chunk has just failed on. */
  avoid: Map<number, WorkerId>;
  /** Of the chunks that were taken back while they ran. */
  takenBack: Map<number, TakenBack>;
  /** Since when an idle worker leaves its chunks to others, and none was given out; null while that is not so. */
  leftSince: number | null;
  /** Null where each chunk is by itself. */
  gang: Gang | null;
  /** Which chunks which worker alone may run, all of them; null where any worker may run any. */
  pins: ReadonlyMap<WorkerId, readonly number[]> | null;
  /** Its chunks last until they are told to end, and there may be more: see StagePlan. */
  lasting: boolean;
};

/** Chunks that are worked on together: so many at once, each on a place of its own, or none. */
export type Gang = {
  /** The fewest; the most are all of the stage's chunks. */
  min: number;
  /** Since when it waits for places; null while it does not. */
  since: number | null;
  /** Of a chunk that failed for good: the others are not tried without it. */
  failure: { code: FailureCode; message: string } | null;
};

/** Places on workers that come free for a gang, and in how many milliseconds all of them are expected to be. */
export type Reservation = { stage: Stage; places: ReadonlyMap<Worker, number>; inMs: number };

/** The file of a lease that was taken back, for the next one of its chunk to go on from. */
export type Checkpoint = { lease: LeaseId; hash: BlobHash; size: number };

/** How often a chunk was taken back while it ran, and what it left. */
export type TakenBack = { times: number; checkpoint: Checkpoint | null };

/** What was learnt of the memory that chunks of a stage need, bytes. */
export type StageMemory = {
  /** What is known to be enough for those that are done; 0 while nothing is. */
  seen: number;
  /** What those are to get that were ended for want of it. */
  needs: Map<number, number>;
  /** The most that a present worker offers which may run the stage. Looked at where it matters. */
  mostOffered: number;
};

/**
 * A worker is given more than there is room for, so that it need not wait for its next chunk: it begins that when there
 * is room. So its chunks are of two sorts: those that run, or can be begun beside them, and those ahead.
 */
export type Occupancy = {
  /** What those use up that run or can be begun. */
  used: Used;
  /** How many these are. */
  counted: number;
  /** And how many of them last until they are told to end. */
  lasting: number;
  /** The others, in the order in which they were granted. */
  ahead: Lease[];
};

export type Worker = {
  id: WorkerId;
  name: string;
  identityHash: string;
  /** Of the run of its process that is connected, or was. */
  instance: string;
  /** Null until it has said hello to this process: before that it is given nothing. */
  lender: Lender | null;
  /** Null while its socket is gone: its leases stand until `lostAt`. */
  session: SessionId | null;
  lostAt: number;
  lastHeartbeat: number;
  slots: number;
  /** With its place in them. */
  capabilities: Capabilities;
  place: Place;
  /** Where others reach members of gangs here; null where there can be none. */
  gangAddress: GangAddress | null;
  /** What its chunks may use up together. */
  offer: Offer;
  /** Threads of its machine. */
  machineThreads: number;
  /** What people let it lend at most. */
  lending: Lending;
  /** It is given nothing while it is not. */
  lent: Lent;
  /** What chunks use up of it by what they ask for, see `askedKey`. */
  uses: Map<string, Used>;
  /** Null when it is to be counted again. */
  occupancy: Occupancy | null;
  /** Answers to `requirementsKey`. */
  matches: Map<string, boolean>;
  blobs: Set<number>;
  /** Cache keys of what leases have named to it, by their hashes, shortened: what it may be told to forget. */
  given: Map<number, BlobHash>;
  draining: boolean;
  /** It is given nothing, as somebody who may says. */
  disabled: boolean;
  load: Omit<Heartbeat, 'draining' | 'offer' | 'lent'> | null;
  leases: Set<Lease>;
  /** Gets nothing before this time: it has just turned work away. */
  pausedUntil: number;
  /** Affinities of the chunks it was given last, newest first, one for each slot. */
  open: string[];
  /** In what it did last; 2 is twice as fast as 1. */
  speed: number;
  /** In each sort of work it has done, see `sortOf`. */
  paces: Map<string, Pace>;
};

export type Lease = {
  id: LeaseId;
  stage: Stage;
  ordinal: number;
  worker: Worker;
  purpose: LeasePurpose;
  /** With how many of its stage it was granted, itself included, to work together; null for one by itself. */
  gang: number | null;
  grantedAt: number;
  startedAt: number | null;
  /** What its chunk asks of this worker. */
  asked: Asked;
  /** What it counts for, as to who has how much of the farm; as begun when it has, or can at once. */
  uses: Used;
  countsAsBegun: boolean;
  /** The worker was told. */
  delivered: boolean;
  /** Asked back at this time, null when not. */
  reclaimedAt: number | null;
  /** For whom, where that was so. */
  reclaimedFor?: Claim | null;
  /** Its worker was told to end it: for which stage, null where it is to be moved, and until when. */
  preempting: { goesTo: Stage | null; until: number } | null;
  /** What an earlier lease of the chunk left, from which this one goes on. */
  checkpoint: Checkpoint | null;
  /** The part of the chunk that would not be lost if it were taken back. */
  keptFraction: number;
  /** The worker said that it had begun, though no `started` came yet. */
  kept: boolean;
  /** What its worker had not open when it was granted, as far as is known. */
  opens?: boolean;
  /** What another lease of the chunk has shown of its work; absent where none has. */
  foreseen?: Estimate;
  fraction: number;
  detail: string;
  /** Absent until it was told to be under way. */
  course?: Course;
  /** Absent until the program has measured something. */
  values?: MeasuredValues;
  /** What it printed last. */
  log?: string;
};

/** That the worker is to be given a chunk of the stage. */
export type Claim = { worker: Worker; stage: Stage };

/** Ten minutes: a heavy job may take so long to open without a word. */
const LONGEST_SILENCE_MS = 600_000;

export const createFarm = (now: number): Farm => ({
  jobs: new Map(),
  shares: new Map(),
  stages: new Map(),
  workers: new Map(),
  sessions: new Map(),
  leases: new Map(),
  tickedAt: now,
  seenNotedAt: now,
  idleForgottenAt: now,
  loadsNotedAt: now,
  load: createLoadRecord(now),
  settingsReadAt: now,
  newcomers: createNewcomers(now),
  offered: new Map(),
  held: new Map(),
  chunkLimits: { set: new Map(), eachTeam: null },
  longestSilenceMs: LONGEST_SILENCE_MS,
  escalation: STANDARD_ESCALATION,
  forecast: null,
  endsForeseenAt: Number.NEGATIVE_INFINITY,
  rangeCorrections: { dated: new RangeCorrection(), others: new RangeCorrection() },
  claims: [],
  reservation: null,
});

export const chunkOf = (lease: Lease): ChunkId => chunkId(lease.stage.id, lease.ordinal);

/** 30 bits of a hash: enough to prefer a worker by, and small in memory. */
export const blobKey = (hash: BlobHash): number => Number.parseInt(hash.slice(0, 8), 16) >>> 2;

export const isPresent = (worker: Worker): boolean => isHere(worker) && worker.lent.open;

/** Present, or only out of its hours. */
export const isHere = (worker: Worker): boolean =>
  worker.session !== null && !worker.draining && !worker.disabled;

/** Present, and not one that has just turned work away. */
export const isFree = (worker: Worker, now: number): boolean =>
  isPresent(worker) && worker.pausedUntil <= now;
