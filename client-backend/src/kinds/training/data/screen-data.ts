import { DATA_FORMATS, type DataFormat } from '@parallel-pilot/shared/kinds/training/spec.ts';
import { ByteReader } from '../../../archives/byte-reader.ts';
import { refuseSize } from '../../../archives/screen-archive.ts';
import type { SubmissionRefusal } from '../../../parts.ts';
import { screenCsv } from '../split/csv-source.ts';
import type { CsvChoices } from '../split/csv-survey.ts';
import { BadData } from '../split/problems.ts';
import { badData, type DataFile, type DataParts, type DataSet, filesOf, limitsOf } from './data-file.ts';
import { openImages } from './image-folders.ts';
import { type NpzNames, npzLayout } from './layout.ts';
import { openNpz } from './open-npz.ts';

/** Tells the format of the data, and what can be seen to be wrong with it without reading all of it. */
export async function screenData(
  parts: DataParts,
  set: DataSet,
  choices: CsvChoices,
): Promise<{ ok: true; format: DataFormat } | SubmissionRefusal> {
  const formats: DataFormat[] = [];
  for (const file of filesOf(set)) {
    const start = await new ByteReader(parts.blobs.read(file.blob, { start: 0, end: 4_095 })).peek(4_096);
    const found = formatOf(file.fileName, start);
    if (!found.ok) return found;
    formats.push(found.format);
  }
  const [format] = formats;
  if (format === undefined) throw new Error('a data set without files');
  const other = formats.findIndex((one) => one !== format);
  if (other > 0) {
    const [one, another] = [filesOf(set)[0], filesOf(set)[other]].map((file) => file?.fileName);
    return badData(
      `"${another}" is a .${formats[other]}, and "${one}" a .${format}: files of one training have one format.`,
    );
  }
  if (format === 'zip' && choices.group != null) {
    return badData('Files of a .zip have no columns, so none are kept together by a group. Leave it out.');
  }
  const problem = await screenContents(parts, set, format, choices);
  return problem ?? { ok: true, format };
}

async function screenContents(
  parts: DataParts,
  set: DataSet,
  format: DataFormat,
  choices: CsvChoices,
): Promise<SubmissionRefusal | null> {
  if (format === 'csv') {
    try {
      await screenCsv(parts, set, choices);
    } catch (error) {
      if (error instanceof BadData) return badData(error.message);
      throw error;
    }
  }
  for (const file of filesOf(set)) {
    const problem =
      format === 'zip'
        ? await screenImages(parts, file)
        : format === 'npz'
          ? await screenNpz(parts, file, { ...choices, mayLackGroup: file === set.test })
          : null;
    if (problem !== null) return problem;
  }
  return null;
}

async function screenImages(parts: DataParts, file: DataFile): Promise<SubmissionRefusal | null> {
  const opened = await openImages(parts, file);
  if (!opened.ok) return opened;
  opened.images.close();
  return null;
}

async function screenNpz(
  parts: DataParts,
  file: DataFile,
  names: NpzNames,
): Promise<SubmissionRefusal | null> {
  const opened = await openNpz(parts.blobs.localPath(file.blob));
  if (!opened.ok) return badData(`"${file.fileName}" ${opened.message}.`);
  try {
    const layout = npzLayout(opened.npz, names);
    if (!layout.ok) return badData(`"${file.fileName}" ${layout.message}.`);
    const entries = [...layout.arrays, ...(layout.test?.arrays ?? [])].map((array) => array.entry);
    const size = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    const packedSize = entries.reduce((sum, entry) => sum + entry.compressedSize, 0);
    return refuseSize(
      { size, packedSize, archiveSize: opened.npz.zip.fileSize },
      file.fileName,
      await limitsOf(parts),
    );
  } finally {
    opened.npz.close();
  }
}

const EXTENSIONS: Record<string, DataFormat> = {
  ...Object.fromEntries(DATA_FORMATS.map((format) => [format, format])),
  ndjson: 'jsonl',
};

/** By the name of the file, if its first bytes do not speak against it. */
export function formatOf(
  fileName: string,
  start: Buffer,
): { ok: true; format: DataFormat } | SubmissionRefusal {
  if (start.length === 0) return badData(`"${fileName}" is empty.`);
  const format = EXTENSIONS[/\.([a-z\d]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? ''];
  if (format === undefined) {
    return badData(
      `The format of "${fileName}" is not known here. Send the data as .npz (numpy.savez), .csv, .jsonl, or a .zip with a folder of files for each class.`,
      'unknown-format',
    );
  }
  const packed = ['504b0304', '504b0506'].includes(start.toString('hex', 0, 4));
  if (packed !== (format === 'npz' || format === 'zip') || (!packed && start.includes(0))) {
    return badData(`"${fileName}" is not the .${format} file that its name says.`, 'unknown-format');
  }
  return { ok: true, format };
}
