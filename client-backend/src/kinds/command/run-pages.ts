import type { RunList, RunListQuery } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { RunsChunk, RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import { chunkSpecs, doneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { iterationsOf, stageSpec } from '@parallel-pilot/shared/server/db/stages.ts';
import type { z } from 'zod';
import { type DoneRun, FEW_CHUNKS, partsOf, runsOfChunk } from './done-runs.ts';

/** A page of the runs that are done: those of each stage in their order, stage after stage. */
export async function runPage(
  db: Db,
  job: JobId,
  { after, limit }: z.output<typeof RunListQuery>,
): Promise<RunList> {
  const runs: RunList['runs'] = [];
  let next: string | null = null;
  const [iteration = 1, ordinal = 0, last = -1] = after?.split('.').map(Number) ?? [];
  for (const stage of await iterationsOf(db, job, 'runs', { after: iteration - 1 })) {
    const isFirst = stage.iteration === iteration;
    const from = { ordinal: isFirst ? ordinal - 1 : -1, run: isFirst ? last : -1 };
    for await (const { run, ordinal: chunk } of runsFrom(db, stage.id, from)) {
      if (runs.length === limit) return { runs, next };
      runs.push(listed(run));
      next = `${stage.iteration}.${chunk}.${run.run}`;
    }
  }
  return { runs, next: null };
}

/** The runs of a stage behind a chunk and a run, with their chunks. */
async function* runsFrom(
  db: Db,
  stage: StageId,
  from: { ordinal: number; run: number },
): AsyncGenerator<{ run: DoneRun; ordinal: number }> {
  const spec = RunsStage.parse(await stageSpec(db, stage));
  for (let after = from.ordinal; ; ) {
    const rows = await doneChunks(db, stage, after, FEW_CHUNKS);
    for (const row of rows)
      for (const run of runsOfChunk(spec, row)) if (run.run > from.run) yield { run, ordinal: row.ordinal };
    const last = rows.at(-1);
    if (last === undefined || rows.length < FEW_CHUNKS) return;
    after = last.ordinal;
  }
}

const listed = (run: DoneRun): RunList['runs'][number] => ({
  run: run.run + 1,
  values: run.values,
  seconds: Math.round(run.ms) / 1_000,
  files: partsOf(run).map(({ path, size }) => ({ path, size })),
});

/** A run by its number, from 0; null while it is not done. */
export async function findRun(db: Db, job: JobId, run: number): Promise<DoneRun | null> {
  for (const stage of (await iterationsOf(db, job, 'runs')).toReversed()) {
    const ordinal = await ordinalOf(db, stage.id, { run, chunks: stage.chunk_count });
    const row = ordinal === null ? undefined : await doneChunk(db, stage.id, ordinal);
    if (row === undefined) continue;
    const found = runsOfChunk(RunsStage.parse(await stageSpec(db, stage.id)), row).find(
      (one) => one.run === run,
    );
    if (found !== undefined) return found;
  }
  return null;
}

/** The chunk of the stage that the run is in; null where it is in none. Chunks stand in the order of their runs. */
async function ordinalOf(
  db: Db,
  stage: StageId,
  { run, chunks }: { run: number; chunks: number },
): Promise<number | null> {
  let [low, high] = [0, chunks - 1];
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const spec = (await chunkSpecs(db, stage, [middle])).get(middle);
    const { first, count } = RunsChunk.parse(spec);
    if (run < first) high = middle - 1;
    else if (run >= first + count) low = middle + 1;
    else return middle;
  }
  return null;
}
