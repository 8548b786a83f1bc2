import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { CsvError, type Info, type Parser, parse } from 'csv-parse';
import { findDelimiter, MOST_RECORD_BYTES, PARSING, SAMPLE_BYTES, trimmed } from '../data/csv-format.ts';
import type { DataFile } from '../data/data-file.ts';
import { BadData } from './problems.ts';
import type { Watch } from './row-source.ts';

/** The cells of a row without the spaces around them, and the line of the file in which it ends. */
export type CsvRecord = { cells: string[]; line: number; fileName: string };

/** A batch is full with so many records, or with so much of the file. */
const BATCH = 500;
const BATCH_BYTES = 1024 ** 2;
const MOST_CELLS = 100_000;

export async function delimiterOf(blobs: BlobStore, { blob, fileName }: DataFile): Promise<string> {
  const bytes = Buffer.concat(await blobs.read(blob, { start: 0, end: SAMPLE_BYTES }).toArray());
  const text = bytes.subarray(0, SAMPLE_BYTES).toString('utf8');
  // A line that is cut short has too few cells.
  const whole = bytes.length <= SAMPLE_BYTES ? text : text.slice(0, text.search(/[\r\n][^\r\n]*$/));
  if (whole.trim() === '') throw new BadData(`"${fileName}" has no rows.`);
  return findDelimiter(whole.replace(/^\ufeff/, ''));
}

/** All records of a .csv, batch by batch. Throws BadData where one has another number of cells than the first. */
export async function* csvRecords(
  blobs: BlobStore,
  { blob, fileName }: DataFile,
  delimiter: string,
  { signal, onBytes }: Watch,
): AsyncGenerator<CsvRecord[]> {
  const parser = parse({ ...PARSING, info: true, delimiter });
  const bytes = blobs.read(blob);
  // Whatever goes wrong is thrown by the parser, which is destroyed with it.
  const fed = pipeline(bytes, utf8Only(fileName), endingRows(parser, fileName), parser).catch(
    () => undefined,
  );
  let width: number | null = null;
  let batch: CsvRecord[] = [];
  let before = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      const line = info.lines;
      if (record.length > MOST_CELLS) {
        const [cells, most] = [record.length, MOST_CELLS].map((it) => it.toLocaleString('en'));
        throw new BadData(`Line ${line} of "${fileName}" has ${cells} cells, and ${most} are the most.`);
      }
      width ??= record.length;
      if (record.length !== width) {
        const has = `${record.length} ${record.length === 1 ? 'cell' : 'cells'}`;
        throw new BadData(`Line ${line} of "${fileName}" has ${has}, and the first row has ${width}.`);
      }
      batch.push({ cells: record.map(trimmed), line, fileName });
      if (batch.length < BATCH && info.bytes - before < BATCH_BYTES) continue;
      before = info.bytes;
      signal.throwIfAborted();
      onBytes(info.bytes);
      yield batch;
      batch = [];
    }
    yield batch;
  } catch (error) {
    throw explain(error, fileName);
  } finally {
    bytes.destroy();
    parser.destroy();
    await fed;
  }
}

/** Passes bytes on, and breaks off where they are no UTF-8. */
function utf8Only(fileName: string): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const check = (bytes: Buffer | undefined, done: (error?: Error | null, bytes?: Buffer) => void) => {
    try {
      decoder.decode(bytes, { stream: bytes !== undefined });
      done(null, bytes);
    } catch {
      done(new BadData(`"${fileName}" is not text in UTF-8. Save it as "CSV UTF-8".`));
    }
  };
  return new Transform({
    transform: (bytes, _, done) => check(bytes, done),
    flush: (done) => check(undefined, done),
  });
}

/**
 * Passes bytes on, and breaks off where a record takes too many. The parser's own limit does not count
 * delimiters, so that a row of empty cells would never be too long.
 */
function endingRows({ info }: Parser, fileName: string): Transform {
  let fed = 0;
  let ended = { rows: 0, at: 0 };
  return new Transform({
    transform(bytes: Buffer, _, done) {
      const rows = info.records + info.empty_lines;
      if (rows !== ended.rows) ended = { rows, at: fed };
      fed += bytes.length;
      done(fed - ended.at > MOST_RECORD_BYTES ? endless(info.lines, fileName) : null, bytes);
    },
  });
}

const endless = (line: number | undefined, fileName: string): BadData =>
  new BadData(`Line ${line} of "${fileName}" begins a row that does not end. A quote may be missing.`);

/** What the parser stumbled over, for the user; all else as it is. */
function explain(error: unknown, fileName: string): unknown {
  if (!(error instanceof CsvError)) return error;
  const { lines } = error as CsvError & { lines?: number };
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return new BadData(`A quote in "${fileName}" is never closed.`);
    case 'CSV_MAX_RECORD_SIZE':
      return endless(lines, fileName);
    default:
      return new BadData(`Line ${lines} of "${fileName}" has a quote in the wrong place.`);
  }
}
