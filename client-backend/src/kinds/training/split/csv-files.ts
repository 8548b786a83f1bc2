import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { isHeader } from '../data/csv-format.ts';
import type { SizedFile } from '../data/data-file.ts';
import { type CsvRecord, csvRecords, delimiterOf } from './csv-records.ts';
import { BadData } from './problems.ts';
import type { Watch } from './row-source.ts';

/** Files .csv with the same columns, whose rows follow each other, and what stands between their cells. */
export type CsvFiles = { files: readonly SizedFile[]; delimiter: string; label: string | null };

/** Throws BadData where their cells do not stand between the same characters. */
export async function openCsvFiles(
  blobs: BlobStore,
  files: readonly SizedFile[],
  label: string | null,
): Promise<CsvFiles> {
  const [first, ...others] = await Promise.all(files.map((file) => delimiterOf(blobs, file)));
  if (first === undefined) throw new Error('a data set without files');
  const other = others.findIndex((delimiter) => delimiter !== first);
  if (other < 0) return { files, delimiter: first, label };
  const [one, another] = [first, others[other] ?? ''].map((it) => (it === '\t' ? 'a tab' : `"${it}"`));
  throw new BadData(
    `"${files[other + 1]?.fileName}" has ${another} between its cells, and "${files[0]?.fileName}" ${one}.`,
  );
}

/** All records as if the files were one: a header that a later one repeats is left out. Throws BadData. */
export async function* recordsOf(
  blobs: BlobStore,
  { files, delimiter, label }: CsvFiles,
  { signal, onBytes }: Watch,
): AsyncGenerator<CsvRecord[]> {
  let first: CsvRecord | undefined;
  let before = 0;
  for (const file of files) {
    let isFirst = true;
    const from = before;
    const watch: Watch = { signal, onBytes: (done) => onBytes(from + done) };
    for await (const batch of csvRecords(blobs, file, delimiter, watch)) {
      const [begin] = batch;
      if (!isFirst || begin === undefined) {
        yield batch;
        continue;
      }
      isFirst = false;
      const repeats = first !== undefined && repeatsHeader(first, begin, delimiter, label);
      first ??= begin;
      yield repeats ? batch.slice(1) : batch;
    }
    before += file.size;
  }
}

/** True for the header of the first file; BadData for one of other columns. */
function repeatsHeader(first: CsvRecord, begin: CsvRecord, delimiter: string, label: string | null): boolean {
  const headed = isHeader(first.cells, delimiter, label);
  const same = String(first.cells) === String(begin.cells);
  if (headed && same) return true;
  if (first.cells.length === begin.cells.length && !(headed && isHeader(begin.cells, delimiter, label)))
    return false;
  throw new BadData(otherColumns({ ...first, header: headed }, { ...begin, header: headed }));
}

type Columns = { cells: readonly string[]; fileName: string; header: boolean };

export function otherColumns(one: Columns, other: Columns): string {
  const count = ({ cells }: Columns) => `${cells.length} ${cells.length === 1 ? 'column' : 'columns'}`;
  const begin = `"${other.fileName}" has other columns than "${one.fileName}"`;
  if (one.cells.length !== other.cells.length) return `${begin}: ${count(other)}, not ${count(one)}.`;
  if (one.header !== other.header)
    return `${begin}: ${one.header ? 'the second' : 'the first'} has a header.`;
  const at = one.cells.findIndex((cell, index) => cell !== other.cells[index]);
  return `${begin}: the column ${at + 1} is "${short(other.cells[at])}", not "${short(one.cells[at])}".`;
}

const short = (cell: string | undefined): string => (cell ?? '').slice(0, 60);
