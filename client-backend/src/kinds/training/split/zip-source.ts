import { pipeline } from 'node:stream';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { verifyChecksum } from '../../../archives/entries.ts';
import { type DataFile, type DataSet, filesOf, nameOf } from '../data/data-file.ts';
import { type ClassedFile, type Images, openImages } from '../data/image-folders.ts';
import { byCodePoint } from './labels.ts';
import { BadData, twoTests } from './problems.ts';
import { partOf, type RowSource, type SourceParts, writeAll } from './row-source.ts';
import { HELD_OUT } from './row-split.ts';
import { ArchiveWriter } from './sink.ts';

const BATCH = 1_000;

type Member = ClassedFile & { archive: DataFile; zip: Images['zip']; target: string };

/** Archives .zip with a folder of files for each class: a row is a file. Throws BadData. */
export async function openZipSource(
  parts: SourceParts,
  set: DataSet,
  { split }: Pick<TrainingSettings, 'split'>,
): Promise<RowSource> {
  const opened: Images[] = [];
  const close = () => {
    for (const one of opened) one.close();
  };
  try {
    for (const file of filesOf(set)) {
      const found = await openImages(parts, file);
      if (!found.ok) throw new BadData(found.message);
      opened.push(found.images);
    }
    // In the order in which scripts get them.
    if (split === 'blocks') for (const { files } of opened) files.sort((a, b) => byCodePoint(a.path, b.path));
    return sourceOf(parts, set, opened, close);
  } catch (error) {
    close();
    throw error;
  }
}

const isTest = ({ part }: ClassedFile) => part !== null && part !== 'train';

function sourceOf(parts: SourceParts, set: DataSet, opened: readonly Images[], close: () => void): RowSource {
  const members = (images: Images | undefined, archive: DataFile, folder: string): Member[] =>
    (images?.files ?? []).map((file) => ({
      ...file,
      archive,
      zip: (images as Images).zip,
      target: folder + file.path,
    }));
  // Two archives may have files of one path.
  const own = set.files.flatMap((file, index) =>
    members(opened[index], file, index === 0 ? '' : `${index + 1}/`),
  );
  const ownTest = own.filter(isTest);
  const given = set.test === null ? [] : testMembers(members(opened.at(-1), set.test, ''));
  if (set.test !== null && ownTest.length > 0) {
    throw new BadData(twoTests(ownTest[0]?.archive.fileName ?? '', set.test.fileName));
  }
  const [files, test] = [own.filter((file) => !isTest(file)), [...ownTest, ...given]];
  const all = [
    ...own.map((file) => ({ file, held: isTest(file) })),
    ...given.map((file) => ({ file, held: true })),
  ];
  const bytes = all.reduce((sum, { file }) => sum + file.entry.uncompressedSize, 0);
  const leftOut = opened.flatMap((one) => one.leftOut);
  return {
    guessed: false,
    groups: null,
    bytes,
    fileName: nameOf(set),
    ending: 'zip',
    reading: readingOf(set, leftOut, test),
    test:
      test.length === 0
        ? null
        : { rows: test.length, fileName: set.test?.fileName ?? null, labels: () => labelsOf(test) },
    // Names of folders, even where they look like numbers.
    labelType: () => 'text',
    labels: () => labelsOf(files),
    write: (rowSplit, _classes, { signal, onBytes }) =>
      writeAll(
        rowSplit,
        () => new ArchiveWriter(parts.blobs, { large: bytes > 2 ** 31 }),
        async (writers) => {
          const next = rowSplit.start();
          let done = 0;
          for (const { file, held } of all) {
            signal.throwIfAborted();
            await copy(file, partOf(writers, held ? HELD_OUT : next(file.label)));
            done += file.entry.uncompressedSize;
            onBytes(done);
          }
        },
      ),
    close,
  };
}

/** Of an archive that is measured on, the part for that where it has parts. */
function testMembers(files: Member[]): Member[] {
  const own = files.filter(isTest);
  return own.length === 0 ? files : own;
}

async function copy({ path, entry, zip, archive, target }: Member, writer: ArchiveWriter): Promise<void> {
  const packed = await zip.openReadStreamPromise(entry).catch((error) => {
    throw new BadData(`"${path}" in "${archive.fileName}" cannot be read: ${error.message}.`);
  });
  const checked = verifyChecksum(entry);
  let broken: Error | null | undefined;
  pipeline(packed, checked, (error) => {
    broken = error;
  });
  await writer.add(target, checked).catch((error) => {
    if (error !== broken) throw error;
    throw new BadData(`"${path}" in "${archive.fileName}" is damaged: ${error.message}.`);
  });
}

async function* labelsOf(files: readonly ClassedFile[]): AsyncGenerator<string[]> {
  for (let at = 0; at < files.length; at += BATCH)
    yield files.slice(at, at + BATCH).map((file) => file.label);
}

function readingOf(set: DataSet, leftOut: readonly string[], test: readonly ClassedFile[]): string | null {
  const [first, ...more] = leftOut;
  const others = more.length === 0 ? '' : ` and ${more.length.toLocaleString('en')} more`;
  const said = [
    ...(test.length > 0
      ? [
          `The model is measured on the ${test.length.toLocaleString('en')} files of "${set.test?.fileName ?? test[0]?.path.split('/').at(-3)}".`,
        ]
      : []),
    ...(first === undefined
      ? []
      : [`Left out, as no part of what is trained on: "${first.slice(0, 200)}"${others}.`]),
  ];
  return said.length === 0 ? null : `Read "${nameOf(set)}". ${said.join(' ')}`;
}
