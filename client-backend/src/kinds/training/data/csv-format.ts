import { CsvError, parse } from 'csv-parse/sync';

/*
 * How a .csv is read, the same as in worker/src/kinds/training/python/pilot_csv.py; docs/training.md says it in
 * words, and tests/training-data compares the two.
 */

/** In this order where nothing else decides. */
const DELIMITERS = [',', ';', '\t', '|'];
/** So much of a file, and so many of its records, tell the delimiter. */
export const SAMPLE_BYTES = 65_536;
const SAMPLE_RECORDS = 20;

/** Bytes of one record. */
export const MOST_RECORD_BYTES = 16 * 1024 ** 2;

/** What both readings of a file ask of csv-parse. */
export const PARSING = {
  bom: true,
  skip_empty_lines: true,
  relax_column_count: true,
  record_delimiter: ['\r\n', '\n', '\r'],
  max_record_size: MOST_RECORD_BYTES,
};

/**
 * The delimiter by which the first records have equally many cells, at least two; of several the one that leaves
 * the largest part of the cells below the first record numbers. `start`: the beginning of the file.
 */
export function findDelimiter(start: string): string {
  let best = { delimiter: ',', numbers: -1 };
  for (const delimiter of DELIMITERS) {
    const records = firstRecords(start, delimiter);
    const width = records[0]?.length ?? 0;
    if (width < 2 || records.some((record) => record.length !== width)) continue;
    const cells = records.slice(1).flat();
    const found = cells.filter((cell) => readNumber(trimmed(cell), delimiter) !== null).length;
    const numbers = cells.length === 0 ? 0 : found / cells.length;
    if (numbers > best.numbers) best = { delimiter, numbers };
  }
  return best.delimiter;
}

function firstRecords(start: string, delimiter: string): string[][] {
  const records: string[][] = [];
  try {
    // What comes before a quote in the wrong place, or before the end of the sample, is enough.
    parse(start, {
      ...PARSING,
      delimiter,
      to: SAMPLE_RECORDS,
      on_record: (record: string[]) => {
        records.push(record);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
  }
  return records;
}

/** A cell without the spaces around it. */
export function trimmed(cell: string): string {
  let start = 0;
  let end = cell.length;
  while (start < end && isSpace(cell.charCodeAt(start))) start += 1;
  while (end > start && isSpace(cell.charCodeAt(end - 1))) end -= 1;
  return cell.slice(start, end);
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

/** Characters of a number: what is longer is text. */
const LONGEST_NUMBER = 64;

const NUMBER = /^[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?$/;

export type ReadNumber = { value: number; sign: '.' | ',' | null };

/** A finite number, and by which decimal sign it was written; a comma is one where it does not part cells. */
export function readNumber(cell: string, delimiter: string): ReadNumber | null {
  if (cell.length > LONGEST_NUMBER || !NUMBER.test(cell)) return null;
  const sign = cell.includes(',') ? ',' : cell.includes('.') ? '.' : null;
  if (sign === ',' && delimiter === ',') return null;
  const value = Number(cell.replace(',', '.'));
  return Number.isFinite(value) ? { value, sign } : null;
}

/** What stands in a cell that has no value. Not "na" nor "Na", which is sodium; not "None", which may be a class. */
const MISSING = new Set(['', 'NA', 'N/A', '#N/A', '<NA>', 'NaN', 'nan', 'NAN', 'NULL', 'null', '?']);
export const isMissing = (cell: string): boolean => MISSING.has(cell);

/**
 * True for a first record that names the columns: no cell of it is a number or says that it has no value. One that
 * has the label that was asked for is a header in any case, unless that is called like a number.
 */
export function isHeader(cells: readonly string[], delimiter: string, label: string | null): boolean {
  if (label !== null && readNumber(label, delimiter) === null && cells.includes(label)) return true;
  return !cells.some((cell) => readNumber(cell, delimiter) !== null || (cell !== '' && isMissing(cell)));
}
