import type { Readable } from 'node:stream';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { findJobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { findStage, type StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { ZipArchive } from 'archiver';
import type { ImageParts } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { frameName } from './artifact-names.ts';
import { imageOf } from './job-frames.ts';
import { framesOfStage } from './stage-frames.ts';

/** Name under which all frames of a job are listed among its artifacts; it is made while it is sent. */
export const FRAMES_ZIP = 'frames.zip';

const PAGE = 500;

/**
 * All frames that are done, as a zip: also of a job of which some are missing.
 * Images are compressed already, so they are stored as they are. Null when
 * there is not one frame.
 */
export async function framesZip(parts: Parts, id: JobId): Promise<Readable | null> {
  const job = await findJobHead(parts.db, id, parts.owner);
  if (job === undefined) return null;
  const kind = backendKindOf(job.kind);
  const { images } = kind;
  const stage = images === null ? undefined : await findStage(parts.db, id, images.stage);
  if (images === null || stage === undefined || (await doneChunks(parts.db, stage.id, -1, 1)).length === 0)
    return null;
  const zip = new ZipArchive({ store: true, forceZip64: stage.chunk_count > 65_000 });
  fill(parts, zip, { images, frames: framesOfStage(kind, stage) ?? [], stage, name: job.name }).catch(
    (error) => zip.destroy(error),
  );
  return zip;
}

async function fill(
  parts: Parts,
  zip: ZipArchive,
  job: { images: ImageParts; frames: number[]; stage: StageRow; name: string },
): Promise<void> {
  const { images, frames, stage, name } = job;
  const extension = images.extension(JSON.parse(stage.spec_json));
  for (let after = -1; ; ) {
    const rows = await doneChunks(parts.db, stage.id, after, PAGE);
    for (const row of rows) {
      if (zip.destroyed) return;
      const file = imageOf(images, row.files_json);
      // A frame whose image was lost is left out rather than spoiling all the others.
      if (file === null || (await parts.blobs.size(file.hash)) === null) continue;
      await appendBlob(zip, parts, file.hash, frameName(name, frames[row.ordinal] ?? row.ordinal, extension));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = last.ordinal;
  }
  await zip.finalize();
}

/** Adds a blob to a zip. Wait for it before the next: archiver would else hold 100,000 entries, and as many open files, at once. */
export function appendBlob(
  zip: ZipArchive,
  parts: Parts,
  hash: Parameters<Parts['blobs']['read']>[0],
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const bytes = parts.blobs.read(hash);
    const over = (error?: Error) => {
      zip.off('entry', done);
      zip.off('close', closed);
      if (error === undefined) resolve();
      else reject(error);
    };
    const done = () => over();
    const closed = () => {
      bytes.destroy();
      over(new Error('the zip was closed before its end'));
    };
    bytes.once('error', over);
    zip.on('entry', done);
    zip.on('close', closed);
    zip.append(bytes, { name, date: FIXED_DATE });
  });
}

/** The same frames make the same zip. */
const FIXED_DATE = new Date(1_980, 0, 1);
