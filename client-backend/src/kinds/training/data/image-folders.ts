import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { damaged, listEntries } from '../../../archives/entries.ts';
import { screenArchive } from '../../../archives/screen-archive.ts';
import type { SubmissionRefusal } from '../../../parts.ts';
import { badData, type DataFile, type DataParts, limitsOf } from './data-file.ts';

/** A file of a .zip: the folder it lies in is its class. */
export type ClassedFile = { path: string; label: string; entry: Entry };
/** An open .zip with a folder for each class; its files in the order of the archive. Close it. */
export type Images = { zip: ZipFile; files: ClassedFile[]; close(): void };

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
    if (!('ok' in listed)) {
      const open = zip;
      return { ok: true, images: { zip: open, files: listed, close: () => open.close() } };
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
): Promise<ClassedFile[] | SubmissionRefusal> {
  const listed = await listEntries(zip, fileName, MOST_FILES);
  if (!listed.ok) return listed;
  const screened = screenArchive(listed.entries, fileName, await limitsOf(parts));
  if (!screened.ok) return screened;
  const files = screened.files
    // Hidden files and folders are left out by pilot.data as well.
    .filter(({ path }) => !path.split('/').some((part) => part.startsWith('.')))
    .map(({ path, entry }) => ({ path, label: path.split('/').at(-2) ?? '', entry: entry.entry }));
  const loose = files.find((file) => file.label === '');
  if (loose !== undefined) {
    return badData(
      `"${fileName}" cannot be used: "${loose.path}" lies in no folder. Put the files of each class into a folder with the name of the class.`,
    );
  }
  return files.length === 0 ? badData(`"${fileName}" holds no files.`) : files;
}
