import { bytesOf, type DataSet, nameOf, type SizedFile } from '../data/data-file.ts';
import { writeNpyHeader } from '../data/npy-header.ts';
import { type CsvFiles, openCsvFiles, recordsOf } from './csv-files.ts';
import { type CsvChoices, type CsvRow, CsvSurvey } from './csv-survey.ts';
import { BadData } from './problems.ts';
import { partOf, type RowSource, type SourceParts, type Watch, writeAll } from './row-source.ts';
import { HELD_OUT, type RowSplit } from './row-split.ts';
import { TextWriter } from './sink.ts';

/** So much of a file is looked at before the job is taken; the rest when it is split. */
const SCREENED_BYTES = 32 * 1024 ** 2;

/** So many numbers are held at once. */
const MOST_HELD = 1_000_000;

/** Looks at the beginning of files .csv. Throws BadData for what is certain to be wrong with them. */
export async function screenCsv({ blobs }: SourceParts, set: DataSet, choices: CsvChoices): Promise<void> {
  const files = await openCsvFiles(blobs, set.files, choices.label);
  const survey = new CsvSurvey(nameOf(set), files.delimiter, choices);
  let read = 0;
  const watch: Watch = {
    signal: new AbortController().signal,
    onBytes(done) {
      read = done;
    },
  };
  for await (const records of recordsOf(blobs, files, watch)) {
    survey.take(records);
    if (read > SCREENED_BYTES) return survey.check();
  }
  survey.layout();
  if (set.test !== null && set.test.size <= SCREENED_BYTES) {
    await surveyTest(blobs, set.test, survey, choices, watch);
  }
}

/**
 * Files .csv, whose parts are tables of numbers, the label in the last column. Reads them three times: to see what
 * their columns are, to count their labels, to write their parts. Throws BadData.
 */
export async function openCsv(
  { blobs }: SourceParts,
  set: DataSet,
  choices: CsvChoices,
  watch: Watch,
): Promise<RowSource> {
  const name = nameOf(set);
  const files = await openCsvFiles(blobs, set.files, choices.label);
  const survey = new CsvSurvey(name, files.delimiter, choices);
  for await (const records of recordsOf(blobs, files, watch)) survey.take(records);
  const test = set.test === null ? null : await surveyTest(blobs, set.test, survey, choices, watch);
  const layout = survey.layout();
  const step = Math.ceil(MOST_HELD / (layout.features + 1));
  let leftOut = 0;
  async function* rowsOf(of: CsvFiles, watched: Watch) {
    let isFirst = layout.header;
    let left = 0;
    for await (const records of recordsOf(blobs, of, watched)) {
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
    if (left === 0)
      throw new BadData(`No row of "${nameOf({ ...of, test: null })}" is left: each lacks a value.`);
  }
  const rows = (watched: Watch) => {
    leftOut = 0;
    return rowsOf(files, watched);
  };
  async function* labelsOf(batches: AsyncIterable<CsvRow[]>) {
    for await (const batch of batches) yield batch.map((row) => row.label);
  }
  const width = layout.features + 1;
  let testRows = 0;
  return {
    fileName: name,
    test:
      test === null
        ? null
        : {
            get rows() {
              return testRows;
            },
            fileName: set.test?.fileName ?? null,
            async *labels(of) {
              testRows = 0;
              for await (const batch of labelsOf(rowsOf(test, of))) {
                testRows += batch.length;
                yield batch;
              }
            },
          },
    ending: 'npy',
    guessed: layout.guessed,
    bytes: bytesOf(set),
    labelType: () => layout.labels,
    get reading() {
      if (layout.plain && leftOut === 0) return null;
      const without =
        leftOut === 0
          ? ''
          : ` ${leftOut.toLocaleString('en')} ${leftOut === 1 ? 'row is' : 'rows are'} left out because a value is missing.`;
      return `${layout.reading}.${without}`;
    },
    labels: (of) => labelsOf(rows(of)),
    groups:
      choices.group == null
        ? null
        : async function* (of) {
            for await (const batch of rows(of)) yield batch.map((row) => row.group);
          },
    write(rowSplit, classes, of) {
      const places = new Map(
        (layout.labels === 'text' ? (classes ?? []) : []).map((name, place) => [name, place]),
      );
      return writeAll(
        rowSplit,
        () => new TextWriter(blobs),
        async (writers) => {
          await putHeaders(writers, rowSplit, width);
          const next = rowSplit.start();
          const numbers = new Float64Array(width);
          const bytes = Buffer.from(numbers.buffer);
          const put = ({ features, label }: CsvRow, shard: number) => {
            numbers.set(features);
            numbers[width - 1] = places.get(label) ?? Number(label);
            return partOf(writers, shard).sink.put(bytes);
          };
          for await (const batch of rows(of))
            for (const row of batch) await put(row, next(choices.group == null ? row.label : row.group));
          if (test === null) return;
          for await (const batch of rowsOf(test, of)) for (const row of batch) await put(row, HELD_OUT);
        },
      );
    },
    close() {},
  };
}

/** Looks at the file to measure on, whose columns have to be those that were seen. */
async function surveyTest(
  blobs: SourceParts['blobs'],
  test: SizedFile,
  survey: CsvSurvey,
  choices: CsvChoices,
  watch: Watch,
): Promise<CsvFiles> {
  const label = survey.labelName();
  const files = await openCsvFiles(blobs, [test], label);
  const own = new CsvSurvey(test.fileName, files.delimiter, { ...choices, label });
  for await (const records of recordsOf(blobs, files, watch)) own.take(records);
  survey.checkTest(own);
  return files;
}

async function putHeaders(writers: TextWriter[], rowSplit: RowSplit, width: number): Promise<void> {
  for (const [shard, { sink }] of writers.entries()) {
    const rows = rowSplit.shardRows[shard] ?? rowSplit.holdoutRows;
    await sink.put(writeNpyHeader('<f8', [rows, width]));
  }
}
