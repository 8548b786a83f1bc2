import { blender } from '@parallel-pilot/shared/kinds/blender/kind.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import type { Bundle, BundledFile } from '../kind.ts';
import { numbersOfStage } from '../stage-numbers.ts';
import { imageOf } from './find-frame.ts';
import { extensionOf, frameName } from './frame-name.ts';

const PAGE = 500;

/** All frames that are done: also of a job of which some are missing. */
export const framesBundle: Bundle = {
  name: 'frames',
  none: 'No frame of this job is done yet.',
  async files(parts, job) {
    const stage = await findStage(parts.db, job.id, 'render');
    if (stage === undefined || (await doneChunks(parts.db, stage.id, -1, 1)).length === 0) return null;
    return { most: stage.chunk_count, files: framesOf(parts, stage, job.name) };
  },
};

async function* framesOf(parts: Parts, stage: StageRow, jobName: string): AsyncGenerator<BundledFile> {
  const numbers = numbersOfStage(blender, stage);
  const extension = extensionOf(JSON.parse(stage.spec_json));
  for (let after = -1; ; ) {
    const rows = await doneChunks(parts.db, stage.id, after, PAGE);
    for (const row of rows) {
      const file = imageOf(row.files_json);
      const number = numbers?.[row.ordinal] ?? row.ordinal;
      if (file !== null) yield { hash: file.hash, name: frameName(jobName, number, extension) };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.ordinal;
  }
}
