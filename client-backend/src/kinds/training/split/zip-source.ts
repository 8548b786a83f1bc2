import { pipeline } from 'node:stream';
import { verifyChecksum } from '../../../archives/entries.ts';
import type { DataFile } from '../data/data-file.ts';
import { openImages } from '../data/image-folders.ts';
import { BadData } from './problems.ts';
import { partOf, type RowSource, type SourceParts, writeAll } from './row-source.ts';
import { ArchiveWriter } from './sink.ts';

const BATCH = 1_000;

/** A .zip with a folder of files for each class: a row is a file. Throws BadData. */
export async function openZipSource(parts: SourceParts, data: DataFile): Promise<RowSource> {
  const opened = await openImages(parts, data);
  if (!opened.ok) throw new BadData(opened.message);
  const { zip, files, close } = opened.images;
  const bytes = files.reduce((sum, file) => sum + file.entry.uncompressedSize, 0);
  return {
    guessed: false,
    bytes,
    fileName: data.fileName,
    ending: 'zip',
    reading: null,
    // Names of folders, even where they look like numbers.
    labelType: () => 'text',
    async *labels() {
      for (let at = 0; at < files.length; at += BATCH)
        yield files.slice(at, at + BATCH).map((file) => file.label);
    },
    write: (deal, _classes, { signal, onBytes }) =>
      writeAll(
        deal,
        () => new ArchiveWriter(parts.blobs, { large: bytes > 2 ** 31 }),
        async (writers) => {
          const next = deal.start();
          let done = 0;
          for (const { path, label, entry } of files) {
            signal.throwIfAborted();
            const packed = await zip.openReadStreamPromise(entry).catch((error) => {
              throw new BadData(`"${path}" in "${data.fileName}" cannot be read: ${error.message}.`);
            });
            const checked = verifyChecksum(entry);
            let broken: Error | null | undefined;
            pipeline(packed, checked, (error) => {
              broken = error;
            });
            await partOf(writers, next(label))
              .add(path, checked)
              .catch((error) => {
                if (error !== broken) throw error;
                throw new BadData(`"${path}" in "${data.fileName}" is damaged: ${error.message}.`);
              });
            done += entry.uncompressedSize;
            onBytes(done);
          }
        },
      ),
    close,
  };
}
