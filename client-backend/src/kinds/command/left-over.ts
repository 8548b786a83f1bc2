import { LeftOver, RunsChunk, RunsResult, RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../kind.ts';

const PAGE = 500;

/** What bundles have left over: the runs that nobody came to, and those that failed. Chunks of one run leave nothing. */
export async function leftOver(
  { db }: Parts,
  { job, stage, signal }: BackgroundTask,
): Promise<StageTaskResult> {
  const { bundle } = RunsStage.parse(JSON.parse(stage.spec_json));
  const left: LeftOver = { unbegun: [], failed: [], meanMs: 0 };
  let [ms, runs] = [0, 0];
  for (let after = -1; bundle > 1; ) {
    const rows = await doneChunks(db, stage.id, after, PAGE);
    for (const row of rows) {
      const { first, count } = RunsChunk.parse(JSON.parse(row.spec_json));
      const result = RunsResult.parse(JSON.parse(row.result_json ?? 'null'));
      const failed = result.failed.map(({ run }) => run);
      const over = new Set([...result.runs.map(({ run }) => run), ...failed]);
      left.failed.push(...failed);
      for (const run of result.runs) ms += run.ms;
      runs += result.runs.length;
      for (let run = first; run < first + count; run += 1) if (!over.has(run)) addTo(left.unbegun, run);
    }
    signal.throwIfAborted();
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = last.ordinal;
  }
  left.meanMs = runs === 0 ? 0 : ms / runs;
  if (left.failed.length > MOST_FAILED) {
    const message = `${left.failed.length.toLocaleString('en')} runs failed, which is no accident any more. Try a few of them first, and look at "pilot logs".`;
    return { outcome: 'fail', code: `${job.kind}/exit-code`, message };
  }
  return { outcome: 'done', value: LeftOver.parse(left), blobs: [] };
}

/** Of runs in bundles, each of which would come once more by itself. */
const MOST_FAILED = 10_000;

function addTo(spans: LeftOver['unbegun'], run: number): void {
  const last = spans.at(-1);
  if (last !== undefined && last[0] + last[1] === run) last[1] += 1;
  else spans.push([run, 1]);
}
