import type { Readable } from 'node:stream';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { type ArtifactRow, listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { ZipArchive } from 'archiver';
import type { Parts } from '../parts.ts';
import { appendBlob } from './frames-zip.ts';

/** Name under which all files of a result are listed among them; it is made while it is sent. */
export const ALL_ZIP = 'all.zip';

/** All files of a result in a zip, as they are; null where there are not at least two. */
export async function allZip(parts: Parts, job: JobId): Promise<Readable | null> {
  const artifacts = await listArtifacts(parts.db, job);
  if (artifacts.length < 2) return null;
  const size = artifacts.reduce((sum, artifact) => sum + artifact.size, 0);
  const zip = new ZipArchive({ store: true, forceZip64: size > 2 ** 31 });
  fill(parts, zip, artifacts).catch((error) => zip.destroy(error));
  return zip;
}

async function fill(parts: Parts, zip: ZipArchive, artifacts: ArtifactRow[]): Promise<void> {
  for (const { hash, name } of artifacts) {
    if (zip.destroyed) return;
    if ((await parts.blobs.size(hash)) !== null) await appendBlob(zip, parts, hash, name);
  }
  await zip.finalize();
}
