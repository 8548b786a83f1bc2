import { z } from 'zod';
import { BlobHash } from '../../model/ids.ts';
import { RelativePath } from '../../model/path.ts';
import { StageInput } from '../../protocol/stage-input.ts';
import { CommandFailure } from './failures.ts';
import { SharedParameters } from './parameters.ts';

/*
 * runs -> runs of what was left over -> … -> gather, where a command of the user's own puts results together
 *
 * A run is one call of the command. A chunk of the stage `runs` is one run, or a bundle of neighbours that one worker
 * does one after the other. Runs are counted from 0 here, and from 1 for people and commands.
 */

const Count = z.int().nonnegative();

/** The result file: the output and the files of all runs of the chunk, one behind the other. See RunResult. */
export const DATA = 'data';

export const RunsStage = z.object({
  words: z.array(z.string()),
  parameters: SharedParameters.nullable(),
  /** Which of the stages it is, from 1 on. */
  iteration: z.int().positive(),
  /** Of the whole job, and of this stage. */
  total: z.int().positive(),
  runs: z.int().positive(),
  /** Those of a chunk, but perhaps of the last. */
  bundle: z.int().positive(),
  /** A bundle begins no further run after so long, milliseconds; what is left over comes once more. Null does all. */
  withinMs: z.number().positive().nullable(),
  /** Paths of the files that may be run. */
  executables: z.array(RelativePath),
  timeSeconds: z.number().positive().nullable(),
  retries: Count,
  noRetry: z.array(z.int()),
  /** Where a run keeps what it goes on from, below the folder that it starts in. */
  checkpoint: RelativePath.nullable().optional(),
  /** Of the stage `gather`, whose one chunk is no run: what all runs left comes along packed, see PACKED. */
  gathers: z.literal(true).optional(),
});
export type RunsStage = z.infer<typeof RunsStage>;

/** `own`: values of each run that its number does not tell; `files`: those that only these runs are sent. */
export const RunsChunk = z.object({
  first: Count,
  count: z.int().positive(),
  own: z.array(z.array(z.string())).optional(),
  files: z.array(StageInput).optional(),
});
export type RunsChunk = z.infer<typeof RunsChunk>;

/** Where a command that puts results together finds them: `results/007/pi.csv`, and the list of runs `results/runs.jsonl`. */
export const RESULTS = 'results';
export const RUN_LIST = 'runs.jsonl';
/** The inputs that these come in: all files one behind the other, and a line of JSON (PackedFile) for each. */
export const PACKED = {
  data: RelativePath.parse('.pilot-results/data'),
  index: RelativePath.parse('.pilot-results/index'),
};
export const PackedFile = z.tuple([RelativePath, z.int().nonnegative()]);
export type PackedFile = z.infer<typeof PackedFile>;
/** A script finds a folder for each run, which is made before it begins. */
export const MOST_PACKED_FILES = 100_000;

/** Bytes that are kept of what a run prints on each of its streams. */
export const MOST_OUTPUT_BYTES = 1024 ** 2;
/** What a chunk may say of its files, characters of JSON. */
export const MOST_LISTED_CHARACTERS = 150_000;

/**
 * A run that ended with exit code 0. In DATA stand, run after run: `out` bytes of its output, `err` bytes of its error
 * output, and the files in their order.
 */
export const RunResult = z.object({
  run: Count,
  ms: z.number().nonnegative(),
  out: Count.max(MOST_OUTPUT_BYTES),
  err: Count.max(MOST_OUTPUT_BYTES),
  /** Path and bytes. */
  files: z.array(z.tuple([RelativePath, Count])),
});
export type RunResult = z.infer<typeof RunResult>;

/** A run of a bundle that did not: it comes once more in a chunk of its own, where it counts. */
export const FailedRun = z.object({ run: Count, code: CommandFailure, message: z.string().max(2_000) });

export const RunsResult = z.object({ runs: z.array(RunResult), failed: z.array(FailedRun) });
export type RunsResult = z.infer<typeof RunsResult>;

/** Bytes that the runs of a chunk come to. */
export const bytesOf = ({ runs }: RunsResult): number =>
  runs.reduce(
    (sum, { out, err, files }) => sum + out + err + files.reduce((of, [, size]) => of + size, 0),
    0,
  );

const Packed = z.object({ hash: BlobHash, size: Count });

/** What the backend finds that a stage of bundles has left over. */
export const LeftOver = z.object({
  /** First run and count, in order: those that no worker came to. */
  unbegun: z.array(z.tuple([Count, z.int().positive()])),
  /** Those that failed. */
  failed: z.array(Count),
  /** What a run took, milliseconds. */
  meanMs: z.number().nonnegative(),
  /** What all runs left, for the command that puts it together; null while some is left over, or nobody asked. */
  packed: z.object({ data: Packed, index: Packed }).nullable().default(null),
});
export type LeftOver = z.infer<typeof LeftOver>;
