import type { Limits, Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { Call, CallEnd, CallFile, DeliveredCallFile } from '@parallel-pilot/shared/protocol/calls.ts';
import type { MeasuredValues } from '@parallel-pilot/shared/protocol/measured.ts';
import type { Cards } from './visible-cards.ts';

/** What the agent hands to a runner: parsed by the runner's own schemas, the agent never looks inside. */
export type RunnableChunk = {
  stage: string;
  stageSpec: unknown;
  chunkSpec: unknown;
  /** Folder that holds the stage's inputs under their relative paths; read-only by agreement. */
  inputs: string;
  /** Equal for chunks of one job that can share a warm session (same inputs, same way of opening them). */
  affinity: string;
  /** Empty folder of this lease's own; the agent removes it after the files are uploaded. */
  outputs: string;
  /** The file that an earlier lease of the chunk left, to go on from. */
  checkpoint?: string;
  /** Aborts when the chunk is to end soon: a runner that can leaves a checkpoint then and ends with `preempted`. */
  notice?: AbortSignal;
  /** Its place among the chunks of its stage that are worked on together; left out for one by itself. */
  gang?: GangMember;
  /** By which calls reach it while it runs; left out where there is no farm that could send any. */
  calls?: CallDoor;
  /** The machine's cards, and those of them that the chunk may use. Left out, all. */
  cards?: Cards;
  /** Milliseconds without any sign of life after which the child counts as hung. */
  hangLimitMs: number;
  /**
   * To be called with a file of its result that is there while the chunk goes on: it is brought to the farm beside that. It
   * lies in `outputs`, where nothing changes it any more, and is among the files of the result.
   */
  handedIn?(file: OutputFile): void;
  /** To be called when the program is ready and the chunk's own work begins; see TimeLimit. */
  begun?(): void;
  /** To be called once what stays open for the job's next chunks is open; not where it was open already. */
  opened?(): void;
  /**
   * To be called when the runner can take its next chunk although this one's files are still looked at. From then on
   * nothing of this chunk may need what the next one uses, and its time no longer counts.
   */
  freed?(): void;
};

/**
 * `open` opens the way from the chunk's box to the other members: a Unix socket `gang.sock` in a folder that the box
 * sees and cannot write to, see GangLink. The chunk of rank 0 hands in the result; another one waits, when its work is
 * done, until it is told to end. What fails because another member has gone fails with `without-peers`, which is
 * taken as `preempted` is.
 */
export type GangMember = { rank: number; size: number; open(folder: string): Promise<GangWay> };
export type GangWay = {
  /** A connection was ended by another member: what fails from now on fails of that. */
  readonly lost: boolean;
  /** A sentence where another member could not be reached at all. */
  readonly unreached: string | null;
  close(): Promise<void>;
};

/** Calls that reach a chunk while it runs, see Call. */
export type CallDoor = {
  /** From now on calls are taken, `room` at once. `take` never rejects. */
  open(room: number, take: (call: Call) => Promise<CallEnd>): void;
  /** For events and answers that do not fit into a message. */
  readonly blobs: CallBlobs;
  /** Aborts when no more are to be taken: the chunk ends once those under way are over. */
  readonly retired: AbortSignal;
  close(): void;
};

export type CallBlobs = {
  /** Writes it to `path`; resolves with a sentence where it cannot be had. */
  fetch(file: CallFile, path: string, signal: AbortSignal): Promise<string | null>;
  /** The same for one that the farm is to have. */
  deliver(path: string, size: number, signal: AbortSignal): Promise<DeliveredCallFile | string>;
};

/**
 * How long a chunk may take, milliseconds, however many signs of life it gives;
 * `code` and `message` are what it fails by. The agent measures the time and
 * stops the runner: from its start, or from when the runner says that it has begun.
 */
export type TimeLimit = { wallMs: number; from: 'start' | 'begun'; code: string; message: string };

/**
 * `fraction` runs from 0 to 1 within the chunk; `detail` is one short line such
 * as "Sample 17/64"; `values` are what the program measured, such as its loss:
 * they stand until it measures again. `log` is the end of what it printed, of any
 * length, up to and with the last line break; it stands in the same way.
 */
export type ChunkProgress = {
  fraction: number;
  detail: string;
  /** So much of it stands in a checkpoint that the runner could leave. */
  kept?: number;
  values?: MeasuredValues;
  log?: string;
};

export type RunOutcome =
  | { ok: true; result: unknown; files: OutputFile[]; log: string }
  /**
   * `code` is a generic one or one of the kind's own, without the kind's name; `checkpoint` goes with one that was
   * given notice.
   */
  | { ok: false; code: string; message: string; log: string; checkpoint?: OutputFile };

/**
 * `path` is absolute, inside `outputs`. There it lies, or, where it is small, is to lie: `bytes` are what it holds then.
 * `again`: the job's next stages take it as an input, so this worker keeps it; no process of the chunk can change it any
 * more.
 */
export type OutputFile = { name: string; path: string; mediaType: string; bytes?: Buffer; again?: boolean };

/**
 * One slot's runner: it keeps the slot's warm child process between chunks.
 * `run` is not called again before the last call has ended or called `freed`.
 * When `signal` aborts, the work is stopped within a second, child killed if need be, and the outcome is
 * `canceled`. `run` rejects only for bugs.
 */
export interface Runner {
  run(
    chunk: RunnableChunk,
    onProgress: (progress: ChunkProgress) => void,
    signal: AbortSignal,
  ): Promise<RunOutcome>;
  /** Resident memory of the child in bytes, 0 without one. */
  memoryBytes(): Promise<number>;
  /** Processor time that the child has used since it was started, milliseconds, 0 without one. */
  cpuMs(): Promise<number>;
  /** The slot turns to work of another kind: ends the warm processes. A later `run` starts new ones. */
  rest(): Promise<void>;
  /** The job of the last chunk may be over: ends what has seen it. What no job has used may stay. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export type RunnerOptions = {
  /** CPU threads this slot may use. */
  threads: number;
  /** The slot's own folder for temporary files, removed by the agent. */
  folder: string;
  /** A folder of the kind's on this worker, for what all its runners share, removed by the agent. Left out, `folder`. */
  shared?: string;
  /** A folder of the kind's on this worker that outlives it; the kind removes what it does not need. Left out, `folder`. */
  kept?: string;
  /** What every program that a kind starts has to be confined by; see startChild. */
  sandbox: Sandbox;
  /** What the child of this slot may use. Left out, what a machine has that does nothing else. */
  limits?: Limits;
  /** The folder that the worker's owner lends by that name, now; null for none. Its whole content is the owner's, and stays here. */
  lentFolder?(name: string): string | null;
  onLog(line: string): void;
};

/** The program that the chunks of a kind are run with. */
export type Program = {
  /** What people call it: "Python 3". */
  name: string;
  /** The variable that names the one to use instead of the one found on this machine, such as `PILOT_PYTHON`. */
  variable: string;
  /** The one that was chosen so; null for the one that is found. */
  chosen: string | null;
  /** How it is installed: "on Debian or Ubuntu: apt install python3". */
  install: string;
};

/** What was found out at an earlier start. It stands while the fingerprint, of all that it hangs on, is the same. */
export type Remembered = {
  recall(fingerprint: string): Promise<Capabilities | null>;
  keep(fingerprint: string, capabilities: Capabilities): Promise<void>;
};

/** A kind as a worker knows it: what it can do here, and how to run its chunks. */
export interface WorkerKind {
  readonly name: string;
  /** Left out for a kind that needs none. */
  readonly program?: Program;
  /** Looks at this machine, at start and perhaps once more. An absent program means an empty map, not an error. */
  detect(sandbox: Sandbox, remembered?: Remembered): Promise<Capabilities>;
  /** The GPUs that `detect` has found here; left out for a kind that uses none. */
  gpus?(capabilities: Capabilities): { name: string; device: string }[];
  /**
   * Whether chunks of the stage run in a program that was started with more threads than they ask for: starting one
   * anew, and another for the next stage, would take longer than they do. Left out, none does.
   */
  takesAnyThreads?(stage: string): boolean;
  /** Null where the kind knows none: the worker's own limit holds. */
  timeLimit(chunk: Pick<RunnableChunk, 'stage' | 'stageSpec' | 'chunkSpec'>): TimeLimit | null;
  createRunner(options: RunnerOptions): Runner;
}
