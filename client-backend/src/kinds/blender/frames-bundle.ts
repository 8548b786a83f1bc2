import { DISPLAY_FILE, type FramePicture } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { blender } from '@parallel-pilot/shared/kinds/blender/kind.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../../parts.ts';
import type { Bundle, BundledFile } from '../kind.ts';
import { numbersOfStage } from '../stage-numbers.ts';
import { fileOf } from './find-frame.ts';
import { pictureName, picturesOf } from './frame-name.ts';

const PAGE = 500;

/** All frames that are done, in all their views: also of a job of which some are missing. */
export const framesBundle: Bundle = {
  name: 'frames',
  none: 'No frame of this job is done yet.',
  async files(parts, job) {
    const stage = await findStage(parts.db, job.id, 'render');
    if (stage === undefined || (await doneChunks(parts.db, stage.id, -1, 1)).length === 0) return null;
    const pictures = picturesOf(JSON.parse(stage.spec_json)).filter(({ file }) => file !== DISPLAY_FILE);
    return { most: stage.chunk_count * pictures.length, files: framesOf(parts, stage, pictures, job.name) };
  },
};

async function* framesOf(
  parts: Parts,
  stage: StageRow,
  pictures: readonly FramePicture[],
  jobName: string,
): AsyncGenerator<BundledFile> {
  const numbers = numbersOfStage(blender, stage);
  for (let after = -1; ; ) {
    const rows = await doneChunks(parts.db, stage.id, after, PAGE);
    for (const row of rows) {
      const number = numbers?.[row.ordinal] ?? row.ordinal;
      for (const picture of pictures) {
        const file = fileOf(row.files_json, picture.file);
        if (file !== null) yield { hash: file.hash, name: pictureName(jobName, number, picture) };
      }
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.ordinal;
  }
}
