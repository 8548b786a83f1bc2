import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { CsvError, type Info, parse } from 'csv-parse';
import { findLabel } from '../data/layout.ts';
import { BadData } from './problems.ts';
import { partOf, type RowSource, type SourceParts, sortLabels, type Watch, writeAll } from './row-source.ts';
import { TextWriter } from './sink.ts';

const MOST_RECORD_BYTES = 16 * 1024 ** 2;

type Data = { blob: BlobHash; fileName: string; size: number };
/** A row as its bytes, one character each, and what it says in the column of labels. */
type Row = { raw: string; label: string };
type Head = { header: string | null; column: number };

/** A .csv with or without a header. Its first record is looked at here; that and ragged rows throw BadData. */
export async function openCsv({ blobs }: SourceParts, data: Data, given: string | null): Promise<RowSource> {
  const first = await firstRecord(blobs.read(data.blob), data);
  const hasHeader = !first.record.some(isNumber);
  const names = first.record.map(inUtf8);
  const found = hasHeader ? findLabel(names, given) : null;
  if (given !== null && found === null)
    throw new BadData(noLabel(data.fileName, given, hasHeader ? names : null));
  const head: Head = {
    header: hasHeader ? first.raw : null,
    column: found === null ? names.length - 1 : names.indexOf(found),
  };
  const rows = (watch: Watch) => readRows(blobs.read(data.blob), data, head, watch);
  return {
    guessed: found === null,
    bytes: data.size,
    classes: sortLabels,
    async *labels(watch) {
      for await (const batch of rows(watch)) yield batch.map((row) => row.label);
    },
    write: (deal, watch) =>
      writeAll(
        deal,
        () => new TextWriter(blobs),
        async (writers) => {
          if (head.header !== null) {
            for (const { sink } of writers) await sink.put(lineOf(head.header));
          }
          const next = deal.start();
          for await (const batch of rows(watch)) {
            for (const { raw, label } of batch) await partOf(writers, next(label)).sink.put(lineOf(raw));
          }
        },
      ),
    close() {},
  };
}

// One character for each byte: rows are passed on as they are, whatever their encoding.
const inUtf8 = (field: string): string => Buffer.from(field, 'latin1').toString('utf8').trim();
const lineOf = (raw: string): Buffer => Buffer.from(`${raw}\n`, 'latin1');
/** As pilot.py tells a header: a first row without a number. */
const isNumber = (field: string): boolean =>
  /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$|^\s*[-+]?(nan|inf(inity)?)\s*$/i.test(field);

type Parsed = { record: string[]; raw: string; info: Info };

function parserFor(options: { to?: number }) {
  return parse({
    ...options,
    raw: true,
    info: true,
    encoding: 'latin1',
    skip_empty_lines: true,
    max_record_size: MOST_RECORD_BYTES,
  });
}

async function firstRecord(bytes: NodeJS.ReadableStream, { fileName }: Data): Promise<Parsed> {
  const parser = parserFor({ to: 1 });
  bytes.once('error', (error) => parser.destroy(error));
  try {
    for await (const parsed of bytes.pipe(parser)) return withoutMark(tidy(parsed));
  } catch (error) {
    throw explain(error, fileName);
  } finally {
    parser.destroy();
    (bytes as { destroy?(): void }).destroy?.();
  }
  throw new BadData(`"${fileName}" has no rows.`);
}

const BATCH = 500;

async function* readRows(
  bytes: NodeJS.ReadableStream,
  { fileName }: Data,
  { header, column }: Head,
  { signal, onBytes }: Watch,
): AsyncGenerator<Row[]> {
  const parser = parserFor({});
  bytes.once('error', (error) => parser.destroy(error));
  let batch: Row[] = [];
  let first = true;
  try {
    for await (const parsed of bytes.pipe(parser)) {
      const { record, raw, info } = first ? withoutMark(tidy(parsed)) : tidy(parsed);
      const skip = first && header !== null;
      first = false;
      if (skip) continue;
      batch.push({ raw, label: inUtf8(record[column] ?? '') });
      if (batch.length < BATCH) continue;
      signal.throwIfAborted();
      onBytes(info.bytes);
      yield batch;
      batch = [];
    }
    yield batch;
  } catch (error) {
    throw explain(error, fileName);
  } finally {
    parser.destroy();
    (bytes as { destroy?(): void }).destroy?.();
  }
}

// Parts of the line breaks around it, and of empty lines before it, come along with a row.
const tidy = (parsed: Parsed): Parsed => ({ ...parsed, raw: parsed.raw.replace(/^[\r\n]+|[\r\n]+$/g, '') });

const MARK = 'ï»¿';

function withoutMark(parsed: Parsed): Parsed {
  if (!parsed.raw.startsWith(MARK)) return parsed;
  const [first = '', ...others] = parsed.record;
  const record = [first.startsWith(MARK) ? first.slice(MARK.length) : first, ...others];
  return { ...parsed, raw: parsed.raw.slice(MARK.length), record };
}

/** What the parser stumbled over, for the user; all else as it is. */
function explain(error: unknown, fileName: string): unknown {
  if (!(error instanceof CsvError)) return error;
  const { lines } = error as CsvError & { lines?: number };
  const at = `Line ${lines} of "${fileName}"`;
  const counts = /expect (\d+), got (\d+)/.exec(error.message);
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      return new BadData(`${at} has ${counts?.[2]} fields, and the first row has ${counts?.[1]}.`);
    case 'CSV_QUOTE_NOT_CLOSED':
      return new BadData(`A quote in "${fileName}" is never closed.`);
    case 'CSV_MAX_RECORD_SIZE':
      return new BadData(`${at} begins a row that does not end. A quote may be missing.`);
    default:
      return new BadData(`${at} has a quote in the wrong place.`);
  }
}

const noLabel = (fileName: string, given: string, names: string[] | null): string =>
  names === null
    ? `"${fileName}" has no header, so no column of it is called "${given}".`
    : `"${fileName}" has no column "${given}" for the label; it has ${names.slice(0, 20).join(', ')}.`;
