import { inWords } from '../../../text/in-words.ts';
import { bytesOf, type DataSet, nameOf, type SizedFile } from '../data/data-file.ts';
import { findLabel, LONGEST_LABEL } from '../data/layout.ts';
import { BadData } from './problems.ts';
import { partOf, type RowSource, type SourceParts, type Watch, writeAll } from './row-source.ts';
import { HELD_OUT } from './row-split.ts';
import { TextWriter } from './sink.ts';

const MOST_LINE_BYTES = 8 * 1024 ** 2;

/** Files .jsonl: an object a line; empty lines are left out. */
export function openJsonl(
  { blobs }: SourceParts,
  set: DataSet,
  { label: given, group = null }: { label: string | null; group?: string | null },
): RowSource {
  let whole = true;
  let field: string | null | undefined;
  async function* rowsOf(file: SizedFile, isTest: boolean, watch: Watch) {
    for await (const batch of readLines(blobs.read(file.blob), file.fileName, watch)) {
      yield batch.map((line) => {
        const row = parseRow(line, file.fileName);
        if (field === undefined) field = findLabel(Object.keys(row), given);
        if (field !== null && (given !== null || isTest) && !Object.hasOwn(row, field)) {
          throw new BadData(
            `Line ${line.number} of "${file.fileName}" has no field "${field}" for the label.`,
          );
        }
        const value = field === null ? null : row[field];
        whole &&= Number.isSafeInteger(value);
        return {
          bytes: line.bytes,
          label: labelOf(value),
          group: isTest ? '' : groupOf(row, line.number, file),
        };
      });
    }
  }
  function groupOf(row: Record<string, unknown>, line: number, { fileName }: SizedFile): string {
    if (group === null) return '';
    const value = Object.hasOwn(row, group) ? row[group] : null;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    throw new BadData(
      `Line ${line} of "${fileName}" has no field "${group}" for the group, of text or a number.`,
    );
  }
  async function* rows({ signal, onBytes }: Watch) {
    let before = 0;
    for (const file of set.files) {
      const from = before;
      yield* rowsOf(file, false, { signal, onBytes: (done) => onBytes(from + done) });
      before += file.size;
    }
  }
  const { test } = set;
  let testRows = 0;
  return {
    guessed: false,
    bytes: bytesOf(set),
    fileName: nameOf(set),
    test:
      test === null
        ? null
        : {
            get rows() {
              return testRows;
            },
            fileName: test.fileName,
            async *labels(watch) {
              testRows = 0;
              for await (const batch of rowsOf(test, true, watch)) {
                testRows += batch.length;
                yield batch.map((row) => row.label);
              }
            },
          },
    ending: 'jsonl',
    groups:
      group === null
        ? null
        : async function* (watch) {
            for await (const batch of rows(watch)) yield batch.map((row) => row.group);
          },
    reading: null,
    labelType: () => (whole ? 'whole' : 'text'),
    async *labels(watch) {
      for await (const batch of rows(watch)) yield batch.map((row) => row.label);
    },
    write: (rowSplit, _classes, watch) =>
      writeAll(
        rowSplit,
        () => new TextWriter(blobs),
        async (writers) => {
          const next = rowSplit.start();
          const put = async (bytes: Buffer, shard: number) => {
            const { sink } = partOf(writers, shard);
            await sink.put(bytes);
            await sink.put(NEWLINE);
          };
          for await (const batch of rows(watch)) {
            for (const row of batch) {
              await put(row.bytes, next(group === null ? (row.label ?? '') : row.group));
            }
          }
          if (test === null) return;
          for await (const batch of rowsOf(test, true, watch)) {
            for (const { bytes } of batch) await put(bytes, HELD_OUT);
          }
        },
      ),
    close() {},
  };
}

const NEWLINE = Buffer.from('\n');

function parseRow(line: Line, fileName: string): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(line.bytes.toString('utf8'));
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BadData(`Line ${line.number} of "${fileName}" is not JSON (${error.message.slice(0, 200)}).`);
  }
  throw new BadData(
    `Line ${line.number} of "${fileName}" is not a JSON object such as {"text": "…", "label": 1}.`,
  );
}

/** As Python's `str` writes it; null for what is no label. */
function labelOf(value: unknown): string | null {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string' && value.length > LONGEST_LABEL) return null;
  return typeof value === 'string' || Number.isInteger(value) ? String(value) : null;
}

type Line = { bytes: Buffer; number: number };

async function* readLines(
  chunks: AsyncIterable<Buffer>,
  fileName: string,
  { signal, onBytes }: Watch,
): AsyncGenerator<Line[]> {
  /** What came since the last line break. Put together once per line: a long one comes in a thousand pieces. */
  let pieces: Buffer[] = [];
  let pending = 0;
  let number = 0;
  let done = 0;
  const take = (bytes: Buffer): Line[] => {
    number += 1;
    const start = number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    const line = bytes.subarray(start, bytes.at(-1) === 0x0d ? -1 : undefined);
    return isBlank(line) ? [] : [{ bytes: line, number }];
  };
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    const batch: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      const end = chunk.subarray(from, at);
      batch.push(...take(pieces.length === 0 ? end : Buffer.concat([...pieces, end])));
      pieces = [];
      pending = 0;
      from = at + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
    pending += chunk.length - from;
    if (pending > MOST_LINE_BYTES)
      throw new BadData(
        `Line ${number + 1} of "${fileName}" is too long to be a row: ${inWords(MOST_LINE_BYTES)} are the most.`,
      );
    done += chunk.length;
    onBytes(done);
    yield batch;
  }
  if (pending > 0) yield take(Buffer.concat(pieces));
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const isBlank = (line: Buffer): boolean =>
  line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
