import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { damaged, listEntries } from '../../../archives/entries.ts';
import { screenArchive } from '../../../archives/screen-archive.ts';
import type { SubmissionRefusal } from '../../../parts.ts';
import { badData, type DataFile, type DataParts, limitsOf } from './data-file.ts';
import { type ClassedPath, classPaths } from './parts.ts';

/** A file of a .zip: the folder it lies in is its class, the one above that may be a part of the data. */
export type ClassedFile = ClassedPath & { entry: Entry };
/** An open .zip with a folder for each class; its files in the order of the archive. Close it. */
export type Images = { zip: ZipFile; files: ClassedFile[]; leftOut: string[]; close(): void };

/** More files than these are better sent as arrays; their table of contents alone is held in memory. */
const MOST_FILES = 100_000;

/** Looks at the table of contents of a .zip with a folder of files for each class. */
export async function openImages(
  parts: DataParts,
  { blob, fileName }: DataFile,
): Promise<{ ok: true; images: Images } | SubmissionRefusal> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(parts.blobs.localPath(blob), { decodeStrings: false, autoClose: false });
    const listed = await list(parts, zip, fileName);
    if (listed.ok) {
      const open = zip;
      return { ok: true, images: { ...listed, zip: open, close: () => open.close() } };
    }
    zip.close();
    return listed;
  } catch (error) {
    zip?.close();
    return damaged(fileName, error);
  }
}

async function list(
  parts: DataParts,
  zip: ZipFile,
  fileName: string,
): Promise<{ ok: true; files: ClassedFile[]; leftOut: string[] } | SubmissionRefusal> {
  const listed = await listEntries(zip, fileName, MOST_FILES);
  if (!listed.ok) return listed;
  const screened = screenArchive(
    listed.entries,
    { name: fileName, size: zip.fileSize },
    await limitsOf(parts),
  );
  if (!screened.ok) return screened;
  const entriesOf = new Map(
    screened.files
      // Hidden files and folders are left out by pilot.data as well.
      .filter(({ path }) => !path.split('/').some((part) => part.startsWith('.')))
      .map(({ path, entry }) => [path as string, entry.entry]),
  );
  if (entriesOf.size === 0) return badData(`"${fileName}" holds no files.`);
  const classed = classPaths([...entriesOf.keys()]);
  if (!classed.ok) return badData(`"${fileName}" ${classed.message}.`);
  const files = classed.files.map((file) => ({ ...file, entry: entriesOf.get(file.path) as Entry }));
  return { ok: true, files, leftOut: classed.leftOut };
}
