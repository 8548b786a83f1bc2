import { pipeline } from 'node:stream';
import { verifyChecksum } from '../../../archives/entries.ts';
import type { DataFile } from '../data/data-file.ts';
import { type ClassedFile, openImages } from '../data/image-folders.ts';
import { BadData } from './problems.ts';
import { partOf, type RowSource, type SourceParts, writeAll } from './row-source.ts';
import { ArchiveWriter } from './sink.ts';
import { HELD_OUT } from './stratified-split.ts';

const BATCH = 1_000;

/** A .zip with a folder of files for each class: a row is a file. Throws BadData. */
export async function openZipSource(parts: SourceParts, data: DataFile): Promise<RowSource> {
  const opened = await openImages(parts, data);
  if (!opened.ok) throw new BadData(opened.message);
  const { zip, files: all, leftOut, close } = opened.images;
  const isTest = ({ part }: ClassedFile) => part !== null && part !== 'train';
  const [files, test] = [all.filter((file) => !isTest(file)), all.filter(isTest)];
  const bytes = all.reduce((sum, file) => sum + file.entry.uncompressedSize, 0);
  return {
    guessed: false,
    bytes,
    fileName: data.fileName,
    ending: 'zip',
    reading: readingOf(data.fileName, leftOut, test),
    test: test.length === 0 ? null : { rows: test.length, labels: () => labelsOf(test) },
    // Names of folders, even where they look like numbers.
    labelType: () => 'text',
    labels: () => labelsOf(files),
    write: (stratified, _classes, { signal, onBytes }) =>
      writeAll(
        stratified,
        () => new ArchiveWriter(parts.blobs, { large: bytes > 2 ** 31 }),
        async (writers) => {
          const next = stratified.start();
          let done = 0;
          for (const file of all) {
            const { path, label, entry } = file;
            signal.throwIfAborted();
            const packed = await zip.openReadStreamPromise(entry).catch((error) => {
              throw new BadData(`"${path}" in "${data.fileName}" cannot be read: ${error.message}.`);
            });
            const checked = verifyChecksum(entry);
            let broken: Error | null | undefined;
            pipeline(packed, checked, (error) => {
              broken = error;
            });
            await partOf(writers, isTest(file) ? HELD_OUT : next(label))
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

async function* labelsOf(files: readonly ClassedFile[]): AsyncGenerator<string[]> {
  for (let at = 0; at < files.length; at += BATCH)
    yield files.slice(at, at + BATCH).map((file) => file.label);
}

function readingOf(
  fileName: string,
  leftOut: readonly string[],
  test: readonly ClassedFile[],
): string | null {
  const [first, ...more] = leftOut;
  const others = more.length === 0 ? '' : ` and ${more.length.toLocaleString('en')} more`;
  const said = [
    ...(test.length > 0
      ? [
          `The model is measured on the ${test.length.toLocaleString('en')} files of "${test[0]?.path.split('/').at(-3)}".`,
        ]
      : []),
    ...(first === undefined
      ? []
      : [`Left out, as no part of what is trained on: "${first.slice(0, 200)}"${others}.`]),
  ];
  return said.length === 0 ? null : `Read "${fileName}". ${said.join(' ')}`;
}
