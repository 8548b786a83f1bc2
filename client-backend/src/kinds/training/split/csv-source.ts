import type { DataFile } from '../data/data-file.ts';
import { writeNpyHeader } from '../data/npy-header.ts';
import { csvRecords, delimiterOf } from './csv-records.ts';
import { type CsvChoices, CsvSurvey } from './csv-survey.ts';
import { BadData } from './problems.ts';
import { partOf, type RowSource, type SourceParts, type Watch, writeAll } from './row-source.ts';
import { TextWriter } from './sink.ts';
import type { StratifiedSplit } from './stratified-split.ts';

/** So much of a file is looked at before the job is taken; the rest when it is split. */
const SCREENED_BYTES = 32 * 1024 ** 2;

/** So many numbers are held at once. */
const MOST_HELD = 1_000_000;

/** Looks at the beginning of a .csv. Throws BadData for what is certain to be wrong with it. */
export async function screenCsv({ blobs }: SourceParts, data: DataFile, choices: CsvChoices): Promise<void> {
  const delimiter = await delimiterOf(blobs, data);
  const survey = new CsvSurvey(data.fileName, delimiter, choices);
  let read = 0;
  const watch: Watch = {
    signal: new AbortController().signal,
    onBytes(done) {
      read = done;
    },
  };
  for await (const records of csvRecords(blobs, data, delimiter, watch)) {
    survey.take(records);
    if (read > SCREENED_BYTES) return survey.check();
  }
  survey.layout();
}

/**
 * A .csv, whose parts are tables of numbers, the label in the last column. Reads it three times: to see what its
 * columns are, to count its labels, to write its parts. Throws BadData.
 */
export async function openCsv(
  { blobs }: SourceParts,
  data: DataFile & { size: number },
  choices: CsvChoices,
  watch: Watch,
): Promise<RowSource> {
  const delimiter = await delimiterOf(blobs, data);
  const survey = new CsvSurvey(data.fileName, delimiter, choices);
  for await (const records of csvRecords(blobs, data, delimiter, watch)) survey.take(records);
  const layout = survey.layout();
  const step = Math.ceil(MOST_HELD / (layout.features + 1));
  let leftOut = 0;
  async function* rows(of: Watch) {
    let isFirst = layout.header;
    leftOut = 0;
    let left = 0;
    for await (const records of csvRecords(blobs, data, delimiter, of)) {
      const batch = isFirst ? records.slice(1) : records;
      isFirst = false;
      // A column that is encoded makes a thousand of a few characters.
      for (let at = 0; at < batch.length; at += step) {
        const part = batch.slice(at, at + step);
        const taken = part.flatMap(({ cells }) => layout.read(cells) ?? []);
        leftOut += part.length - taken.length;
        left += taken.length;
        yield taken;
      }
    }
    if (left === 0) throw new BadData(`No row of "${data.fileName}" is left: each lacks a value.`);
  }
  const width = layout.features + 1;
  return {
    fileName: data.fileName,
    test: null,
    ending: 'npy',
    guessed: layout.guessed,
    bytes: data.size,
    labelType: () => layout.labels,
    get reading() {
      if (layout.plain && leftOut === 0) return null;
      const without =
        leftOut === 0
          ? ''
          : ` ${leftOut.toLocaleString('en')} ${leftOut === 1 ? 'row is' : 'rows are'} left out because a value is missing.`;
      return `${layout.reading}.${without}`;
    },
    async *labels(of) {
      for await (const batch of rows(of)) yield batch.map((row) => row.label);
    },
    write(stratified, classes, of) {
      const places = new Map(
        (layout.labels === 'text' ? (classes ?? []) : []).map((name, place) => [name, place]),
      );
      return writeAll(
        stratified,
        () => new TextWriter(blobs),
        async (writers) => {
          await putHeaders(writers, stratified, width);
          const next = stratified.start();
          const numbers = new Float64Array(width);
          const bytes = Buffer.from(numbers.buffer);
          for await (const batch of rows(of)) {
            for (const { features, label } of batch) {
              numbers.set(features);
              numbers[width - 1] = places.get(label) ?? Number(label);
              await partOf(writers, next(label)).sink.put(bytes);
            }
          }
        },
      );
    },
    close() {},
  };
}

async function putHeaders(writers: TextWriter[], stratified: StratifiedSplit, width: number): Promise<void> {
  for (const [shard, { sink }] of writers.entries()) {
    const rows = stratified.shardRows[shard] ?? stratified.holdoutRows;
    await sink.put(writeNpyHeader('<f8', [rows, width]));
  }
}
