import type { z } from 'zod';
import type { Capabilities, Requirement } from '../model/requirement.ts';
import type { StageInput } from '../protocol/workers.ts';

/** Everything about a stage before it has an id. `chunks` holds one spec for each chunk, in order. */
export type StagePlan = {
  name: string;
  spec: unknown;
  chunks: unknown[];
  inputs: StageInput[];
  requirements: Requirement[];
  /** Chunks of equal affinity can share a worker's warm session. */
  affinity: string;
};

export type Note = { level: 'info' | 'warning'; code: string; message: string };

export type NextStep =
  | { step: 'stage'; stage: StagePlan; notes: Note[]; settings: unknown }
  /** Waits for the user's settings; `defaults` are what would be used. */
  | { step: 'await-settings'; notes: Note[]; defaults: unknown }
  | { step: 'assemble' }
  | { step: 'fail'; code: string; message: string };

export type FailedChunk = { ordinal: number; spec: unknown; code: string; message: string; log: string };

/** What planning may look at. `results` holds the results of a stage of at most 1,000 chunks, in order, else nothing. */
export type PlanningContext<Spec> = {
  spec: Spec;
  /** The settings the user gave after the probe, null before. */
  settings: unknown;
  /** The stage that has just settled. */
  last: {
    name: string;
    total: number;
    results: unknown[];
    failedCount: number;
    /** The first 100 failures. */
    failed: FailedChunk[];
  };
  /** Capabilities of the workers that are connected now. */
  fleet: Capabilities[];
};

/**
 * A kind of job. Pure: it plans and names, it performs nothing. Its worker,
 * backend and site parts stand in equally named folders of their packages.
 */
export interface Kind<Spec> {
  readonly name: string;
  /** What is stored as the job's spec. */
  readonly spec: z.ZodType<Spec>;
  /** The stage a new job starts with. */
  first(spec: Spec): StagePlan;
  /** What comes after a stage has settled, or after the settings were given. */
  next(context: PlanningContext<Spec>): NextStep;
  /** Parses what a worker reported for a chunk of that stage; throws a ZodError where it does not fit. */
  parseResult(stageName: string, result: unknown): unknown;
  /** A chunk's name for people: "Frame 12". */
  label(stageName: string, chunkSpec: unknown): string;
}
