import { type FramePicture, shownOf } from '@parallel-pilot/shared/kinds/blender/frame-files.ts';
import { blender } from '@parallel-pilot/shared/kinds/blender/kind.ts';
import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import type { Parts } from '../../parts.ts';
import { numbersOfStage } from '../stage-numbers.ts';
import { picturesOf } from './frame-name.ts';

export type FrameImage = { job: { id: JobId; name: string }; picture: FramePicture; file: ResultFile };
export type FrameLookup =
  | ({ ok: true } & FrameImage)
  | { ok: false; code: 'job-unknown' | 'frame-unknown' | 'frame-not-done'; message: string };

/** Which of a frame's pictures: by the name of its file, or the one that is shown. */
export type Which = { file: string } | 'shown';

/** A picture of a frame by its number. */
export async function findFrame(
  parts: Parts,
  { id, team }: { id: JobId; team: TeamId },
  frame: number,
  which: Which,
): Promise<FrameLookup> {
  const job = await findJobHead(parts.db, id, team);
  if (job?.kind !== blender.name) {
    return { ok: false, code: 'job-unknown', message: 'There is no such render.' };
  }
  const stage = await findStage(parts.db, id, 'render');
  const ordinal = stage === undefined ? -1 : (numbersOfStage(blender, stage)?.indexOf(frame) ?? -1);
  if (stage === undefined || ordinal < 0) {
    return { ok: false, code: 'frame-unknown', message: `The job does not render frame ${frame}.` };
  }
  const pictures = picturesOf(JSON.parse(stage.spec_json));
  const wanted = which === 'shown' ? shownOf(pictures) : pictures.find(({ file }) => file === which.file);
  if (wanted === undefined) {
    const files = pictures.map(({ file }) => `"${file}"`).join(', ');
    return { ok: false, code: 'frame-unknown', message: `The files of a frame of this job are ${files}.` };
  }
  const chunk = await doneChunk(parts.db, stage.id, ordinal);
  const file = fileOf(chunk?.files_json ?? null, wanted.file);
  if (file === null) {
    return { ok: false, code: 'frame-not-done', message: `Frame ${frame} is not rendered yet.` };
  }
  return { ok: true, job: { id, name: job.name }, picture: wanted, file };
}

const Files = z.array(ResultFile);

/** The file of that name among a chunk's. */
export function fileOf(filesJson: string | null, name: string): ResultFile | null {
  const files = Files.safeParse(JSON.parse(filesJson ?? '[]'));
  return files.data?.find((file) => file.name === name) ?? null;
}
