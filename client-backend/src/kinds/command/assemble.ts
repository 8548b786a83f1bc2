import { GATHER } from '@parallel-pilot/shared/kinds/command/kind.ts';
import { countRuns } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { RunsSpec } from '@parallel-pilot/shared/kinds/command/spec.ts';
import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import type { Parts } from '../../parts.ts';
import type { Assembly, BackgroundTask, Unfinished } from '../kind.ts';
import { badChunks } from './bad-chunks.ts';
import { gather, NoRoom } from './gather/gather.ts';
import { ownResults } from './gather/own-results.ts';
import { Ungathered } from './gather/run-text.ts';

/** Looks whether what every run left is there, and puts it together as was asked. Results are packed when they are asked for. */
export async function assembleCommand(parts: Parts, task: BackgroundTask): Promise<Assembly> {
  const bad = await badChunks(parts, task);
  if (bad.length > 0) return { outcome: 'redo', chunks: bad };
  const own = task.stage.name === GATHER;
  const { settings, parameters } = RunsSpec.parse(JSON.parse(task.job.spec_json));
  if (settings.gather === null && !own) return { outcome: 'complete', artifacts: [], notes: [] };
  const steps = countRuns(parameters) * (settings.gather === 'csv' ? 2 : 1);
  let done = 0;
  const onRun = () => {
    done += 1;
    if (done % 100 === 0) task.onProgress(done / steps);
  };
  try {
    const { db, blobs } = parts;
    const of = { db, blobs, job: task.job.id, signal: task.signal, onRun };
    const artifacts =
      settings.gather === null ? await ownResults(parts, task) : await gather(of, settings.gather);
    return { outcome: 'complete', artifacts, notes: [] };
  } catch (error) {
    task.signal.throwIfAborted();
    // The runs themselves are in order, and their results are there.
    if (error instanceof Ungathered)
      return {
        outcome: 'complete',
        artifacts: [],
        notes: [{ level: 'warning', code: NOT_GATHERED, message: error.message }],
      };
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

/** Of the note that says why results were not put together. */
const NOT_GATHERED = 'not-gathered';

export const FULL: Unfinished = {
  outcome: 'wait',
  code: DISK_FULL.code,
  message:
    'The disk of the farm is full, so what the runs left could not be put together. It is safe; the job goes on by itself when there is room.',
};
