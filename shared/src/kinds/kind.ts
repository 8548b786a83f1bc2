import type { z } from 'zod';
import type { Failure } from '../model/failures.ts';
import type { StageId, WorkerId } from '../model/ids.ts';
import type { Capabilities, Requirement } from '../model/requirement.ts';
import type { Asked } from '../model/resources.ts';
import type { StageInput } from '../protocol/stage-input.ts';
import type { ResultFile } from '../protocol/workers.ts';

/** One spec for each chunk, in order: an array, or what makes them as they are asked for, a thousand of a million at a time. */
export type ChunkSpecs = { readonly length: number; slice(from: number, to: number): unknown[] };

/** Everything about a stage before it has an id. */
export type StagePlan = {
  name: string;
  spec: unknown;
  /** None for a stage that consists of its kind's stage task on the backend alone. */
  chunks: ChunkSpecs;
  /** Files that every chunk of the stage needs; those of a single chunk are named by `chunkInputs`. */
  inputs: StageInput[];
  requirements: Requirement[];
  /** What each of its chunks asks for, whatever was asked for the job: left out for the work itself. */
  asked?: Asked;
  /** Chunks of one job with equal affinity can share a worker's warm session. */
  affinity: string;
  /** The stage may end with so many chunks done once `afterMs` have passed since its first one was started. */
  quorum?: { chunks: number; afterMs: number };
  /**
   * Its chunks are worked on together, by workers that reach each other: so many of them at once at least, or none. The
   * first of those that are given out hands in the result; the others end with it, so the stage has a quorum of one.
   */
  gang?: { min: number };
  /** Of each chunk, in order, the only worker that may run it, as only that has what it works on; of 256 chunks at most. */
  pins?: readonly WorkerId[];
  /** Its chunks last until they are told to end, and further ones may be added while it is open: nothing follows from how long one took. */
  lasting?: true;
  /** Which part of the whole job the stage is, from 0 to 1; all of it when left out. */
  span?: { from: number; to: number };
  /** Counted from 1 where stages of a name come again and again. */
  iteration?: number;
};

export type Note = { level: 'info' | 'warning'; code: string; message: string };

export type NextStep =
  /** `settings`, where given, are kept with the job as what its work was planned with. */
  | {
      step: 'stage';
      stage: StagePlan;
      notes: Note[];
      settings?: unknown;
      /** Files that no later step needs: they are removed when this one is true. */
      free?: FreedFiles[];
    }
  /** Waits for the user's settings; `defaults` are what would be used. */
  | { step: 'await-settings'; notes: Note[]; defaults: unknown }
  | { step: 'assemble' }
  | { step: 'fail'; code: string; message: string };

/** Of the files that the chunks of a stage made, those with names that are not in `keep`. */
export type FreedFiles = { stage: StageId; keep: string[] };

export type FailedChunk = { ordinal: number; spec: unknown; code: string; message: string; log: string };

/** A chunk's spec, what its worker reported, parsed, and the files it made. */
export type DoneChunk = { ordinal: number; spec: unknown; result: unknown; files: ResultFile[] };

/** What planning may look at. */
export type PlanningContext<Spec> = {
  spec: Spec;
  /** The settings the user gave when the job waited for them, null before. */
  given: unknown;
  /** The `settings` of the latest step that had any, null before. */
  decided: unknown;
  /** The stage that is over: all its chunks are settled, or its quorum is. */
  last: {
    id: StageId;
    name: string;
    spec: unknown;
    total: number;
    /** The done chunks of a stage of at most 1,000, in order, else none; none of one that is `unread`. */
    done: DoneChunk[];
    failedCount: number;
    /** The first 100 failures. */
    failed: FailedChunk[];
    /** The value of the stage task that the backend ran for the stage; null without one. */
    taskValue: unknown;
  };
  /** Capabilities of the workers that are connected now. */
  fleet: Capabilities[];
};

/** What people send, see and are told of a kind. */
export interface PublicKind {
  readonly name: string;
  /** Why a chunk of it may fail, beside what any chunk may fail of; the protocol says `name/code`. */
  readonly failures: Readonly<Record<string, Failure>>;
  /** What a user sees of a job beside what every job has; `kind` is the literal name. */
  readonly view: z.ZodObject;
}

/**
 * A kind of job. Pure: it plans and names, it performs nothing. Its worker,
 * backend and site parts stand in equally named folders of their packages.
 */
export interface Kind<Spec> extends PublicKind {
  /** Ends of the names of files that its jobs are made of and named for: ".csv". */
  readonly endings: readonly string[];
  /** What is stored as the job's spec. */
  readonly spec: z.ZodType<Spec>;
  /** What a user may give to a job that waits for settings; null for a kind that never waits. */
  readonly settings: z.ZodType | null;
  /** What a user sends to have the same once more: the spec without what was found out about its files. */
  submission(spec: Spec): Record<string, unknown>;
  /** What an admin may set for all its jobs, read from `{}` where nobody has; left out where there is nothing to set. */
  readonly farmSettings?: z.ZodType;
  /** The stage a new job starts with. */
  first(spec: Spec): StagePlan;
  /** What comes after a stage is over, or after the settings were given. */
  next(context: PlanningContext<Spec>): NextStep;
  /** What its jobs need of a worker, as far as that is known before their files were looked at. */
  needs?(settings: unknown): Requirement[];
  /** The stage that is most of a job's work, and how many chunks it would have with these settings; null where its files say it. */
  readonly mainStage?: { readonly name: string; chunks(settings: unknown): number | null };
  /** Whether the owner is told that a job ended so, `code` being why it failed; of all ends where it is left out. */
  tells?(end: 'completed' | 'failed', code: string | null): boolean;
  /** How a job would have less work in it: "fewer parts, or smaller ones". */
  readonly lessen?: string;
  /** What a worker lacks that does not meet this need, as a noun with its version. Null for no need of this kind. */
  needInWords?(need: Requirement): string | null;
  /** Names of the stages whose results `next` does not look at: what they tell may be more than memory should hold at once. */
  readonly unread?: readonly string[];
  /** Names of the stages of which a user may have a done chunk made once more, also when the job is completed. */
  readonly redoes: readonly string[];
  /** Parses what a worker reported for a chunk of that stage; throws a ZodError where it does not fit. */
  parseResult(stageName: string, result: unknown): unknown;
  /**
   * What is wrong with a worker's result of that chunk, as a sentence for
   * people; null where it has the form it should have and is about what was
   * asked for. Says nothing about the files, which it does not see.
   */
  resultProblem(stage: { name: string; spec: unknown }, chunkSpec: unknown, result: unknown): string | null;
  /** Files that this chunk alone needs, beside its stage's inputs. Paths of the two must differ. */
  chunkInputs(stageName: string, chunkSpec: unknown): StageInput[];
  /** How often a chunk of a stage of that spec is tried again after a failure of which its job says how often (`asked`); never, where it is left out. */
  retries?(stageSpec: unknown): number;
  /** A chunk's name for people: "Part 3 of 8". */
  label(stageName: string, chunkSpec: unknown): string;
  /** The numbers that people know a stage's chunks by, in order; null, or left out, where their place is enough. */
  numbers?(stageName: string, stageSpec: unknown): number[] | null;
}
