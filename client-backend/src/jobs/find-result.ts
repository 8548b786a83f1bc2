import type { Readable } from 'node:stream';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { DISK_FULL } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { findArtifact, listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { BundledFile, Unfinished } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { SPARE_BYTES } from '../uploads/no-room.ts';
import { ALL_ZIP, bundleZip, readPart, zipAll, zipBundle } from './zip.ts';

type Found = { outcome: 'found'; hash: BlobHash; size: number; mediaType: string };

/**
 * A file that a completed job came to, as a blob: one of its artifacts, a zip that is made when it is asked for, or a
 * file that would be in one. What is no blob by itself becomes one.
 */
export async function findResult(parts: Parts, job: JobRow, name: string): Promise<Found | Unfinished> {
  const artifact = await findArtifact(parts.db, job.id, name);
  if (artifact !== undefined)
    return { outcome: 'found', hash: artifact.hash, size: artifact.size, mediaType: artifact.media_type };
  const { bundle } = backendKindOf(job.kind);
  const isBundle = bundle !== undefined && name === bundleZip(bundle);
  const zip = isBundle
    ? await zipBundle(parts, bundle, job)
    : name === ALL_ZIP
      ? await zipAll(parts, job)
      : null;
  if (zip !== null) return store(parts, zip, 'application/zip');
  const file = await bundledFile(parts, job, name);
  return file === null ? missing(parts, job, name) : blobOf(parts, file);
}

async function bundledFile(parts: Parts, job: JobRow, name: string): Promise<BundledFile | null> {
  const { bundle } = backendKindOf(job.kind);
  const bundled = (await bundle?.files(parts, job)) ?? null;
  if (bundled !== null) for await (const file of bundled.files) if (file.name === name) return file;
  return null;
}

async function blobOf(parts: Parts, file: BundledFile): Promise<Found | Unfinished> {
  const size = await parts.blobs.size(file.hash);
  const { part = { start: 0, size: size ?? -1 } } = file;
  const mediaType = 'application/octet-stream';
  if (part.start === 0 && part.size === size) return { outcome: 'found', hash: file.hash, size, mediaType };
  return store(parts, readPart(parts.blobs, file), mediaType);
}

async function store({ blobs }: Parts, bytes: Readable, mediaType: string): Promise<Found | Unfinished> {
  const written = await blobs.write(bytes, { maxBytes: Number.MAX_SAFE_INTEGER, keepFree: SPARE_BYTES });
  if (written.ok) return { outcome: 'found', hash: written.hash, size: written.size, mediaType };
  const message =
    'The disk of the farm is full, so the results of other jobs could not be brought here. The job goes on by itself when there is room.';
  return { outcome: 'wait', code: DISK_FULL.code, message };
}

const MOST_NAMED = 10;

/** Says what there is instead. */
async function missing(parts: Parts, job: JobRow, name: string): Promise<Unfinished> {
  const { bundle } = backendKindOf(job.kind);
  const names = (await listArtifacts(parts.db, job.id)).map((artifact) => artifact.name);
  if (bundle !== undefined) {
    const bundled = await bundle.files(parts, job);
    if (bundled !== null) {
      names.push(bundleZip(bundle));
      for await (const file of bundled.files) {
        if (names.length >= MOST_NAMED) break;
        names.push(file.name);
      }
    }
  }
  const has = names.length === 0 ? 'It has none at all.' : `It has ${names.slice(0, MOST_NAMED).join(', ')}.`;
  return {
    outcome: 'fail',
    code: 'result-missing',
    message: `"${job.name}" is completed, and has no result "${name}". ${has}`,
  };
}
