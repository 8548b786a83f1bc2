import { RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import type { Bundle, BundledFile } from '../kind.ts';
import { doneRuns, partsOf } from './done-runs.ts';

/** What all runs that are done have left, each in a folder with its number: also of a job of which some are missing. */
export const resultsBundle: Bundle = {
  name: 'results',
  none: 'No run of this job has left anything yet.',
  async files(parts, job) {
    const stage = await newestStage(parts.db, job.id);
    const total =
      stage === undefined ? 0 : (RunsStage.safeParse(JSON.parse(stage.spec_json)).data?.total ?? 0);
    for await (const _ of filesOf(parts, job.id, total))
      return { most: Number.POSITIVE_INFINITY, files: filesOf(parts, job.id, total) };
    return null;
  },
};

async function* filesOf({ db }: Parts, job: JobId, total: number): AsyncGenerator<BundledFile> {
  for await (const run of doneRuns(db, job))
    for (const { path, hash, start, size } of partsOf(run))
      yield { name: total === 1 ? path : `${folderOf(run.run, total)}/${path}`, hash, part: { start, size } };
}

/** The number of a run, with as many digits as the last has: folders stand in their order. */
export const folderOf = (run: number, total: number): string =>
  String(run + 1).padStart(String(total).length, '0');
