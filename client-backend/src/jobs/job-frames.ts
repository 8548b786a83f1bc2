import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import type { ImageParts } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { framesOfStage } from './stage-frames.ts';

export type FrameImage = {
  images: ImageParts;
  job: { id: JobId; name: string };
  stageSpec: unknown;
  extension: string;
  file: ResultFile;
};
export type FrameLookup =
  | ({ ok: true } & FrameImage)
  | { ok: false; code: 'job-unknown' | 'frame-unknown' | 'frame-not-done'; message: string };

/** The image of a frame by its number. */
export async function findFrame(parts: Parts, id: JobId, frame: number): Promise<FrameLookup> {
  const job = await findJobHead(parts.db, id, parts.owner);
  if (job === undefined) return { ok: false, code: 'job-unknown', message: 'There is no such job.' };
  const kind = backendKindOf(job.kind);
  const { images } = kind;
  const stage = images === null ? undefined : await findStage(parts.db, id, images.stage);
  const ordinal = stage === undefined ? -1 : (framesOfStage(kind, stage)?.indexOf(frame) ?? -1);
  if (images === null || stage === undefined || ordinal < 0) {
    return { ok: false, code: 'frame-unknown', message: `The job does not render frame ${frame}.` };
  }
  const chunk = await doneChunk(parts.db, stage.id, ordinal);
  const file = imageOf(images, chunk?.files_json ?? null);
  if (file === null) {
    return { ok: false, code: 'frame-not-done', message: `Frame ${frame} is not rendered yet.` };
  }
  const stageSpec: unknown = JSON.parse(stage.spec_json);
  const extension = images.extension(stageSpec);
  return { ok: true, images, job: { id, name: job.name }, stageSpec, extension, file };
}

const Files = z.array(ResultFile);

/** The image among a chunk's files. */
export function imageOf(images: ImageParts, filesJson: string | null): ResultFile | null {
  const files = Files.safeParse(JSON.parse(filesJson ?? '[]'));
  return files.data?.find((file) => file.name === images.file) ?? null;
}
