import { valuesOf } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import {
  type RunResult,
  RunsChunk,
  RunsResult,
  RunsStage,
} from '@parallel-pilot/shared/kinds/command/stages.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { type DoneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { iterationsOf, stageSpec, type TimedStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';

/** A run that is done, and where the bytes that it left stand. */
export type DoneRun = RunResult & {
  values: Record<string, string>;
  /** Null where it left nothing. */
  data: BlobHash | null;
  /** Where its output begins in the data. */
  start: number;
};

/** Chunks that are read at once: few, as one may hold a thousand runs and tell of their files in 150,000 characters. */
export const FEW_CHUNKS = 20;

/** Bytes of a blob. */
export type Part = { hash: BlobHash; start: number; size: number };

const Files = z.array(ResultFile);

/** All runs of a job that are done, by their numbers; in pages, however many they are. */
export async function* doneRuns(db: Db, job: JobId): AsyncGenerator<DoneRun> {
  const heads: { next: DoneRun; rest: AsyncGenerator<DoneRun> }[] = [];
  for (const stage of await iterationsOf(db, job, 'runs')) {
    const rest = runsOfStage(db, stage);
    const { value, done } = await rest.next();
    if (done !== true) heads.push({ next: value, rest });
  }
  // Each stage has them in order, and no run is in two of them.
  while (heads.length > 0) {
    heads.sort((a, b) => a.next.run - b.next.run);
    const [first] = heads;
    if (first === undefined) return;
    yield first.next;
    const { value, done } = await first.rest.next();
    if (done === true) heads.shift();
    else first.next = value;
  }
}

async function* runsOfStage(db: Db, { id }: Pick<TimedStage, 'id'>): AsyncGenerator<DoneRun> {
  const spec = RunsStage.parse(await stageSpec(db, id));
  for (let after = -1; ; ) {
    const rows = await doneChunks(db, id, after, FEW_CHUNKS);
    for (const row of rows) yield* runsOfChunk(spec, row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < FEW_CHUNKS) return;
    after = last.ordinal;
  }
}

/** Throws a ZodError for a report of another form, which nothing takes. */
export function runsOfChunk(
  { parameters }: RunsStage,
  { spec_json, result_json, files_json }: Pick<DoneChunk, 'spec_json' | 'result_json' | 'files_json'>,
): DoneRun[] {
  const { first, own = [] } = RunsChunk.parse(JSON.parse(spec_json));
  const { runs } = RunsResult.parse(JSON.parse(result_json ?? 'null'));
  const [file] = Files.parse(JSON.parse(files_json ?? '[]'));
  let start = 0;
  return runs.map((run) => {
    const values = valuesOf(parameters, run.run, own[run.run - first] ?? []);
    const done = { ...run, values, data: file?.hash ?? null, start };
    start += run.out + run.err + run.files.reduce((sum, [, size]) => sum + size, 0);
    return done;
  });
}

/** Names under which what a run printed lies beside its files. */
export const PRINTED = { out: RelativePath.parse('pilot.out'), err: RelativePath.parse('pilot.err') };

/** What a run left, by name: its files, and what it printed where that is anything. */
export function partsOf({ data, start, out, err, files }: DoneRun): (Part & { path: RelativePath })[] {
  if (data === null) return files.map(([path]) => ({ path, hash: EMPTY, start: 0, size: 0 }));
  let at = start;
  const all: (readonly [path: RelativePath, size: number])[] = [
    [PRINTED.out, out],
    [PRINTED.err, err],
    ...files,
  ];
  const parts = all.map(([path, size]) => {
    const part = { path, hash: data, start: at, size };
    at += size;
    return part;
  });
  return parts.filter(({ size }, index) => index > 1 || size > 0);
}

/** Of files without bytes, of which nothing is stored. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as BlobHash;
