import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import { ByteReader } from '../../archives/byte-reader.ts';
import type { OpenedSource } from '../../parts.ts';
import { type ArchiveParts, openArchive } from './archive.ts';
import { checkBlend } from './blend-header.ts';

/**
 * Lays an uploaded file open: a .blend as it is, or a .zip with one and the
 * files it needs, told apart by their first bytes. `main` says which .blend of
 * an archive is meant. Refusals are sentences for the user.
 */
export async function openSource(
  parts: ArchiveParts,
  source: { blob: BlobHash; fileName: string; main?: RelativePath | undefined },
): Promise<OpenedSource> {
  const size = await parts.blobs.size(source.blob);
  if (size === null) return GONE;
  if (await isZip(parts, source.blob)) return openArchive(parts, source);
  const check = await checkBlend(parts.blobs.read(source.blob), source.fileName, {
    size,
    maxBytes: parts.config.maxUploadBytes,
  });
  if (!check.ok) return check;
  const path = pathFor(source.fileName);
  return { ok: true, main: path, files: [{ path, hash: source.blob, size }], fileVersion: check.fileVersion };
}

/** The refusal for an upload that is not (or no longer) on the farm. */
export const GONE: Extract<OpenedSource, { ok: false }> = {
  ok: false,
  code: 'blob-unknown',
  message: 'The uploaded file is not on the farm (any more). Upload it again.',
};

async function isZip({ blobs }: ArchiveParts, blob: BlobHash): Promise<boolean> {
  const start = blobs.read(blob, { start: 0, end: 3 });
  const magic = await new ByteReader(start).peek(4);
  // The second is that of an archive without entries.
  return ['504b0304', '504b0506'].includes(magic.toString('hex'));
}

/** A name that every worker's disk can hold, for a file that may be called anything. */
function pathFor(fileName: string): RelativePath {
  const last = fileName.split(/[/\\]/).at(-1) ?? '';
  const stem = last
    .replace(/\.blend$/i, '')
    .replace(/[^\p{L}\p{N} ._()+-]/gu, '_')
    .replace(/^[. ]+/, '');
  return `${stem === '' ? 'scene' : stem.slice(0, 60)}.blend` as RelativePath;
}
