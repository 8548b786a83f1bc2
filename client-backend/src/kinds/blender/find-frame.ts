import { blender } from '@parallel-pilot/shared/kinds/blender/kind.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import type { Parts } from '../../parts.ts';
import { numbersOfStage } from '../stage-numbers.ts';
import { FRAME_FILE } from './rendered-frames.ts';

export type FrameImage = { job: { id: JobId; name: string }; stageSpec: unknown; file: ResultFile };
export type FrameLookup =
  | ({ ok: true } & FrameImage)
  | { ok: false; code: 'job-unknown' | 'frame-unknown' | 'frame-not-done'; message: string };

/** The image of a frame by its number. */
export async function findFrame(parts: Parts, id: JobId, frame: number): Promise<FrameLookup> {
  const job = await findJobHead(parts.db, id, parts.owner);
  if (job?.kind !== blender.name) {
    return { ok: false, code: 'job-unknown', message: 'There is no such render.' };
  }
  const stage = await findStage(parts.db, id, 'render');
  const ordinal = stage === undefined ? -1 : (numbersOfStage(blender, stage)?.indexOf(frame) ?? -1);
  if (stage === undefined || ordinal < 0) {
    return { ok: false, code: 'frame-unknown', message: `The job does not render frame ${frame}.` };
  }
  const chunk = await doneChunk(parts.db, stage.id, ordinal);
  const file = imageOf(chunk?.files_json ?? null);
  if (file === null) {
    return { ok: false, code: 'frame-not-done', message: `Frame ${frame} is not rendered yet.` };
  }
  return { ok: true, job: { id, name: job.name }, stageSpec: JSON.parse(stage.spec_json), file };
}

const Files = z.array(ResultFile);

/** The image among a chunk's files. */
export function imageOf(filesJson: string | null): ResultFile | null {
  const files = Files.safeParse(JSON.parse(filesJson ?? '[]'));
  return files.data?.find((file) => file.name === FRAME_FILE) ?? null;
}
