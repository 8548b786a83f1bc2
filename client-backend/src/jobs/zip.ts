import { Readable } from 'node:stream';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import type { JobHead } from '@parallel-pilot/shared/server/db/jobs.ts';
import { ZipArchive } from 'archiver';
import type { Bundle, BundledFile } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';

/** Name under which all files of a result are listed among them; it is made while it is sent. */
export const ALL_ZIP = 'all.zip';

/** Name under which a kind's bundle is listed among the files of a job. */
export const bundleZip = ({ name }: Bundle): string => `${name}.zip`;

/** A kind's bundle as a zip; null while there is nothing in it. */
export async function zipBundle(parts: Parts, bundle: Bundle, job: JobHead): Promise<Readable | null> {
  const bundled = await bundle.files(parts, job);
  return bundled === null ? null : pack(parts, bundled.files, bundled.most > MANY);
}

/**
 * All files of a completed job as a zip, those of its kind's bundle in a folder
 * of that name; null where there are not at least two.
 */
export async function zipAll(parts: Parts, job: JobHead): Promise<Readable | null> {
  if (job.state !== 'completed') return null;
  const artifacts = await listArtifacts(parts.db, job.id);
  const { bundle } = backendKindOf(job.kind);
  const bundled = (await bundle?.files(parts, job)) ?? null;
  if (!hasAll(job, artifacts.length, bundled !== null)) return null;
  const bytes = artifacts.reduce((sum, artifact) => sum + artifact.size, 0);
  async function* files(): AsyncGenerator<BundledFile> {
    yield* artifacts;
    if (bundle === undefined || bundled === null) return;
    for await (const file of bundled.files) yield { ...file, name: `${bundle.name}/${file.name}` };
  }
  return pack(parts, files(), bytes > 2 ** 31 || bundled !== null);
}

/** Whether there is an `all.zip` beside so many artifacts and a bundle. */
export const hasAll = (job: Pick<JobHead, 'state'>, artifacts: number, bundled: boolean): boolean =>
  job.state === 'completed' && artifacts + (bundled ? 1 : 0) > 1;

/** A zip without ZIP64 holds 65,535 files. */
const MANY = 65_000;

// What jobs make is compressed already as a rule, so it is stored as it is.
function pack(parts: Parts, files: AsyncIterable<BundledFile>, forceZip64: boolean): Readable {
  const zip = new ZipArchive({ store: true, forceZip64 });
  fill(parts, zip, files).catch((error) => zip.destroy(error));
  return zip;
}

async function fill(parts: Parts, zip: ZipArchive, files: AsyncIterable<BundledFile>): Promise<void> {
  for await (const file of files) {
    if (zip.destroyed) return;
    const { start, size } = file.part ?? { start: 0, size: 0 };
    const stored = file.part?.size === 0 ? 0 : await parts.blobs.size(file.hash);
    // A file that was lost is left out rather than spoiling all the others.
    if (stored !== null && start + size <= Math.max(stored, start)) await appendBlob(zip, parts, file);
  }
  await zip.finalize();
}

/** Adds a blob to a zip. Wait for it before the next: archiver would else hold 100,000 entries, and as many open files, at once. */
function appendBlob(zip: ZipArchive, parts: Parts, { name, ...file }: BundledFile): Promise<void> {
  return new Promise((resolve, reject) => {
    const bytes = readPart(parts.blobs, file);
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

/** The bytes of a bundled file. */
export function readPart(blobs: Parts['blobs'], { hash, part }: Omit<BundledFile, 'name'>): Readable {
  if (part === undefined) return blobs.read(hash);
  const { start, size } = part;
  return size === 0 ? Readable.from([]) : blobs.read(hash, { start, end: start + size - 1 });
}

/** The same files make the same zip. */
const FIXED_DATE = new Date(1_980, 0, 1);
