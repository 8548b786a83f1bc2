import { RunsSpec } from '@parallel-pilot/shared/kinds/command/spec.ts';
import { LeftOver, RunsChunk, RunsResult, RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { countChunks, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask, StageTaskResult, Unfinished } from '../kind.ts';
import { FULL } from './assemble.ts';
import { badChunks } from './bad-chunks.ts';
import { FEW_CHUNKS } from './done-runs.ts';
import { NoRoom } from './gather/gather.ts';
import { packResults } from './gather/pack-results.ts';
import { Ungathered } from './gather/run-text.ts';

/** What bundles have left over: the runs that nobody came to, and those that failed. Chunks of one run leave nothing. */
export async function leftOver(parts: Parts, task: BackgroundTask): Promise<StageTaskResult> {
  const { db } = parts;
  const { job, stage, signal } = task;
  const { bundle } = RunsStage.parse(JSON.parse(stage.spec_json));
  const left: LeftOver = { unbegun: [], failed: [], meanMs: 0, packed: null };
  let [ms, runs] = [0, 0];
  for (let after = -1; bundle > 1; ) {
    const rows = await doneChunks(db, stage.id, after, FEW_CHUNKS);
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
    if (last === undefined || rows.length < FEW_CHUNKS) break;
    after = last.ordinal;
  }
  left.meanMs = runs === 0 ? 0 : ms / runs;
  if (left.failed.length > MOST_FAILED) {
    const message = `${left.failed.length.toLocaleString('en')} runs failed, which is no accident any more. Try a few of them first, and look at "pilot logs".`;
    return { outcome: 'fail', code: `${job.kind}/exit-code`, message };
  }
  if (left.unbegun.length + left.failed.length === 0) {
    const packed = await packAll(parts, task);
    if (packed !== null && 'outcome' in packed) return packed;
    left.packed = packed;
  }
  const blobs = left.packed === null ? [] : [left.packed.data.hash, left.packed.index.hash];
  return { outcome: 'done', value: LeftOver.parse(left), blobs };
}

/** What all runs left, where a command of the user's own puts it together; null where none does, or some have failed. */
async function packAll(parts: Parts, task: BackgroundTask): Promise<LeftOver['packed'] | Unfinished> {
  const { settings } = RunsSpec.parse(JSON.parse(task.job.spec_json));
  if (settings.gatherBy === null) return null;
  const counts = (await countChunks(parts.db, [task.stage.id])).get(task.stage.id);
  if ((counts?.failed ?? 0) > 0) return null;
  const bad = await badChunks(parts, task);
  if (bad.length > 0) return { outcome: 'redo', chunks: bad };
  const { total } = RunsStage.parse(JSON.parse(task.stage.spec_json));
  try {
    return await packResults(parts, task, total);
  } catch (error) {
    task.signal.throwIfAborted();
    if (error instanceof Ungathered)
      return { outcome: 'fail', code: `${task.job.kind}/too-many-files`, message: error.message };
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

/** Of runs in bundles, each of which would come once more by itself. */
const MOST_FAILED = 10_000;

function addTo(spans: LeftOver['unbegun'], run: number): void {
  const last = spans.at(-1);
  if (last !== undefined && last[0] + last[1] === run) last[1] += 1;
  else spans.push([run, 1]);
}
