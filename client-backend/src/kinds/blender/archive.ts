import { pipeline } from 'node:stream';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { damaged, listEntries, verifyChecksum } from '../../archives/entries.ts';
import { screenArchive } from '../../archives/screen-archive.ts';
import type { OpenedSource, Parts, SubmissionRefusal } from '../../parts.ts';
import { SPARE_BYTES } from '../../uploads/no-room.ts';
import { noteBlob } from '../../uploads/note-blob.ts';
import { checkBlend } from './blend-header.ts';
import { chooseMain } from './choose-main.ts';

export type ArchiveParts = Pick<Parts, 'blobs' | 'blobTurns' | 'config' | 'db' | 'clock'>;

const MOST_ENTRIES = 10_000;

type Source = { blob: BlobHash; fileName: string; main?: RelativePath | undefined };

/**
 * Unpacks an uploaded .zip into blobs, file by file, once its table of contents
 * is found harmless and the .blend to render is known. What is left of an
 * archive that is refused has rows, so the sweep of unused blobs takes it.
 */
export async function openArchive(parts: ArchiveParts, source: Source): Promise<OpenedSource> {
  let zip: ZipFile;
  try {
    zip = await openPromise(parts.blobs.localPath(source.blob), { decodeStrings: false, autoClose: false });
  } catch (error) {
    return damaged(source.fileName, error);
  }
  const unpacked: StageInput[] = [];
  try {
    const opened = await unpack(parts, zip, source, unpacked);
    return opened;
  } catch (error) {
    return damaged(source.fileName, error);
  } finally {
    zip.close();
  }
}

async function unpack(
  parts: ArchiveParts,
  zip: ZipFile,
  { fileName, main }: Source,
  unpacked: StageInput[],
): Promise<OpenedSource> {
  const listed = await listEntries(zip, fileName, MOST_ENTRIES);
  if (!listed.ok) return listed;
  const limits = {
    maxBytes: parts.config.maxUploadBytes,
    freeBytes: (await parts.blobs.freeBytes()) - SPARE_BYTES,
    // The versions before, which Blender keeps beside a file it saves.
    leftovers: /\.blend\d+$/i,
  };
  const screened = screenArchive(listed.entries, { name: fileName, size: zip.fileSize }, limits);
  if (!screened.ok) return screened;
  const paths = screened.files.map((file) => file.path);
  const chosen = chooseMain(paths, fileName, main);
  if (!chosen.ok) return chosen;
  let fileVersion: string | null = null;
  // The main file first: so its errors are found before gigabytes of textures are unpacked.
  const isMain = (file: { path: RelativePath }) => Number(file.path === chosen.main);
  for (const { path, entry } of screened.files.toSorted((a, b) => isMain(b) - isMain(a))) {
    const refusal = await extract(parts, zip, path, entry.entry, unpacked);
    if (refusal !== null) return refusal;
    if (path !== chosen.main) continue;
    const { hash, size } = unpacked.at(-1) as StageInput;
    const check = await checkBlend(parts.blobs.read(hash), path, { size, maxBytes: limits.maxBytes });
    if (!check.ok) return check;
    fileVersion = check.fileVersion;
  }
  return { ok: true, main: chosen.main, files: unpacked, fileVersion };
}

// yauzl ends a stream that goes on beyond the declared size, so the sizes that were screened hold.
async function extract(
  parts: ArchiveParts,
  zip: ZipFile,
  path: RelativePath,
  entry: Entry,
  unpacked: StageInput[],
): Promise<SubmissionRefusal | null> {
  const bytes = await zip.openReadStreamPromise(entry);
  // An error of any stream reaches the reader of the last one.
  const checked = pipeline(bytes, verifyChecksum(entry), () => {});
  const written = await parts.blobs.write(checked, {
    maxBytes: entry.uncompressedSize,
    keepFree: SPARE_BYTES,
  });
  if (!written.ok) return written;
  const { hash, size } = written;
  const row = { hash, media_type: 'application/octet-stream', created_at: parts.clock() };
  if ((await noteBlob(parts, row)) === null) throw new Error('a blob was removed while it was stored');
  unpacked.push({ path, hash, size });
  return null;
}
