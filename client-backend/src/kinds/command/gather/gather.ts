import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { CommandSettings } from '@parallel-pilot/shared/kinds/command/settings.ts';
import { GATHERED } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import type { MadeArtifact } from '../../kind.ts';
import { type DoneRun, doneRuns } from '../done-runs.ts';
import { createTable, openSurvey, type RunTable, readRunTable, survey } from './csv-table.ts';
import { createDataReader } from './data-reader.ts';
import { bytesOfRun, Ungathered } from './run-text.ts';

/** No room on the farm's disk, as a sentence. */
export class NoRoom extends Error {}

type Gathering = Pick<Parts, 'db' | 'blobs'> & { job: JobId; signal: AbortSignal; onRun(): void };

/** Puts together what all runs of a job have left, run after run. Throws Ungathered where it cannot be, NoRoom and what the store throws. */
export async function gather(
  of: Gathering,
  how: NonNullable<CommandSettings['gather']>,
): Promise<MadeArtifact[]> {
  switch (how) {
    case 'csv':
      return gatherCsv(of);
    case 'jsonl':
      return [await write(of, GATHERED.jsonl, 'application/x-ndjson', lines(of))];
    case 'concat':
      return [await write(of, GATHERED.concat, 'text/plain; charset=utf-8', pieces(of))];
    default:
      return how satisfies never;
  }
}

/** Twice over all runs: the columns of the last must stand in the first line. */
async function gatherCsv(of: Gathering): Promise<MadeArtifact[]> {
  const seen = openSurvey();
  for await (const table of tables(of)) survey(seen, table);
  if (seen.columns.length === 0)
    throw new Ungathered('No run left a .csv file or printed a table, so there is none of all runs.');
  const table = createTable(seen);
  async function* text(): AsyncGenerator<string> {
    yield table.header();
    for await (const one of tables(of)) yield table.rows(one);
  }
  const csv = await write(of, GATHERED.csv, 'text/csv; charset=utf-8', text());
  const view = [JSON.stringify(table.view())];
  return [csv, await write(of, GATHERED.view, 'application/json', view)];
}

const PAUSE_EVERY = 50;

async function* runs({ db, job, signal, onRun }: Gathering): AsyncGenerator<DoneRun> {
  let count = 0;
  for await (const run of doneRuns(db, job)) {
    count += 1;
    // What stands in memory already is read without a pause: others are to be answered meanwhile.
    if (count % PAUSE_EVERY === 0) await setImmediate();
    signal.throwIfAborted();
    yield run;
    onRun();
  }
}

async function* tables(of: Gathering): AsyncGenerator<RunTable> {
  const read = createDataReader(of.blobs);
  for await (const run of runs(of)) yield readRunTable(run, await bytesOfRun(read, run, ['.csv']));
}

/** The lines of all runs, each with the number and the parameters of its run before its own fields. */
async function* lines(of: Gathering): AsyncGenerator<string> {
  const read = createDataReader(of.blobs);
  for await (const run of runs(of)) {
    const text = (await bytesOfRun(read, run, ['.jsonl', '.ndjson'])).toString('utf8');
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      yield `${JSON.stringify({ run: run.run + 1, ...run.values, ...objectOf(run, index, line) })}\n`;
    }
  }
}

function objectOf({ run }: DoneRun, index: number, line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new Ungathered(`Run ${run + 1}: line ${index + 1} of what it left is no JSON object.`);
}

async function* pieces(of: Gathering): AsyncGenerator<Buffer> {
  const read = createDataReader(of.blobs);
  for await (const run of runs(of)) yield await bytesOfRun(read, run, []);
}

async function write(
  { blobs }: Gathering,
  name: string,
  mediaType: string,
  text: Iterable<string> | AsyncIterable<string | Buffer>,
): Promise<MadeArtifact> {
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const part of text) yield Buffer.from(part as string);
  }
  const written = await blobs.write(Readable.from(bytes(), { objectMode: false }), {
    maxBytes: Number.MAX_SAFE_INTEGER,
    keepFree: SPARE_BYTES,
  });
  if (!written.ok) throw new NoRoom(written.message);
  return { name, mediaType, hash: written.hash, size: written.size };
}
