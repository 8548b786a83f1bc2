import { withPath } from '../../kinds/file-paths.ts';

/** More of one drop are not read: it is no folder of a job. */
const MOST_FILES = 5_000;

/** The files of a drop; those of a folder with where they lie in it. `entries` are taken while the drop is told. */
export async function droppedFiles(
  entries: readonly (FileSystemEntry | null)[],
  files: readonly File[],
): Promise<File[]> {
  if (!entries.some((entry) => entry?.isDirectory)) return [...files];
  const found: File[] = [];
  for (const entry of entries) if (entry !== null) await addBelow(entry, found);
  return found;
}

async function addBelow(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (found.length >= MOST_FILES) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push(withPath(file, entry.fullPath));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const page = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (page.length === 0) return;
    for (const one of page) await addBelow(one, found);
  }
}
