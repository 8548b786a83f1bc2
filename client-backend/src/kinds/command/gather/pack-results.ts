import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { MOST_PACKED_FILES, type PackedFile, RUN_LIST } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import type { BackgroundTask } from '../../kind.ts';
import { type DoneRun, doneRuns, type Part, partsOf } from '../done-runs.ts';
import { folderOf } from '../results-bundle.ts';
import { createDataReader } from './data-reader.ts';
import { NoRoom } from './gather.ts';
import { Ungathered } from './run-text.ts';

/** What is read whole, as its neighbours are; larger files are passed on piece by piece. */
const MOST_WHOLE_BYTES = 1024 ** 2;

/**
 * Packs what all runs have left into one blob, with a list of it in another: see PACKED. Throws Ungathered where there is
 * more than can be laid out for one program, NoRoom where the disk is full.
 */
export async function packResults(
  parts: Parts,
  { job, signal }: BackgroundTask,
  total: number,
): Promise<{ data: StoredBlob; index: StoredBlob }> {
  const of = { parts, job: job.id, signal, total };
  const index = await store(parts, indexLines(of));
  return { data: await store(parts, dataBytes(of)), index };
}

type Packing = { parts: Parts; job: BackgroundTask['job']['id']; signal: AbortSignal; total: number };

async function* runsOf({ parts, job, signal }: Packing): AsyncGenerator<DoneRun> {
  let count = 0;
  for await (const run of doneRuns(parts.db, job)) {
    count += 1;
    if (count % 50 === 0) await setImmediate();
    signal.throwIfAborted();
    yield run;
  }
}

const lineOf = ({ run, values }: DoneRun, total: number): string =>
  `${JSON.stringify({ run: run + 1, folder: folderOf(run, total), values })}\n`;

async function* indexLines(of: Packing): AsyncGenerator<string> {
  let [files, listed] = [0, 0];
  for await (const run of runsOf(of)) {
    listed += Buffer.byteLength(lineOf(run, of.total));
    for (const { path, size } of partsOf(run)) {
      files += 1;
      if (files > MOST_PACKED_FILES)
        throw new Ungathered(
          `The runs left more than ${MOST_PACKED_FILES.toLocaleString('en')} files, which is too much for one program to find in a folder. Have each run leave fewer, or let the farm put them together (csv, jsonl, concat).`,
        );
      yield lineOfFile([RelativePath.parse(`${folderOf(run.run, of.total)}/${path}`), size]);
    }
  }
  yield lineOfFile([RelativePath.parse(RUN_LIST), listed]);
}

const lineOfFile = (file: PackedFile): string => `${JSON.stringify(file)}\n`;

/** The same files in the same order: what is stored of a run never changes. */
async function* dataBytes(of: Packing): AsyncGenerator<Buffer> {
  const read = createDataReader(of.parts.blobs);
  for await (const run of runsOf(of))
    for (const part of partsOf(run)) {
      if (part.size <= MOST_WHOLE_BYTES) yield await read(part);
      else yield* pieces(of.parts, part);
    }
  for await (const run of runsOf(of)) yield Buffer.from(lineOf(run, of.total));
}

const pieces = ({ blobs }: Parts, { hash, start, size }: Part): AsyncIterable<Buffer> =>
  blobs.read(hash, { start, end: start + size - 1 });

async function store({ blobs }: Parts, bytes: AsyncIterable<string | Buffer>): Promise<StoredBlob> {
  async function* plain(): AsyncGenerator<Buffer> {
    for await (const part of bytes) yield Buffer.from(part as string);
  }
  const written = await blobs.write(Readable.from(plain(), { objectMode: false }), {
    maxBytes: Number.MAX_SAFE_INTEGER,
    keepFree: SPARE_BYTES,
  });
  if (!written.ok) throw new NoRoom(written.message);
  return { hash: written.hash, size: written.size };
}
