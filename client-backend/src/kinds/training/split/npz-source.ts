import { setImmediate as breathe } from 'node:timers/promises';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { whyDamaged } from '../../../archives/entries.ts';
import { type NpzLayout, type NpzPart, npzLayout } from '../data/layout.ts';
import { rowBytes, valueBytes, writeNpyHeader } from '../data/npy-header.ts';
import { npzValues } from '../data/npz-values.ts';
import { type Npz, type NpzArray, openNpz } from '../data/open-npz.ts';
import { decoderOf } from './npz-labels.ts';
import { BadData } from './problems.ts';
import { inRowOrder } from './row-order.ts';
import { partOf, type RowSource, type SourceParts, type Watch, writeAll } from './row-source.ts';
import { ArchiveWriter } from './sink.ts';
import { HELD_OUT, type StratifiedSplit } from './stratified-split.ts';

type Data = { blob: BlobHash; fileName: string };

/** A .npz of arrays that all have the same number of rows. Throws BadData. */
export async function openNpzSource(
  { blobs, config }: SourceParts,
  data: Data,
  given: string | null,
): Promise<RowSource> {
  const opened = await openNpz(blobs.localPath(data.blob));
  if (!opened.ok) throw new BadData(`"${data.fileName}" ${opened.message}.`);
  const { npz } = opened;
  const layout = npzLayout(npz, given);
  if (!layout.ok) {
    npz.close();
    throw new BadData(`"${data.fileName}" ${layout.message}.`);
  }
  const kind = layout.label?.header.kind;
  const textual = kind === 'U' || kind === 'S';
  let fractions = false;
  const { test } = layout;
  const file: NpzFile = { npz, scratch: config.dataFolder };
  const bytes = [...layout.arrays, ...(test?.arrays ?? [])].reduce(
    (sum, { header }) => sum + header.length + valueBytes(header),
    0,
  );
  async function* labelsOf(part: NpzPart, watch: Watch) {
    for await (const batch of explaining(data, readLabels(file, part, watch.signal))) {
      if (kind === 'f') fractions ||= batch.some((label) => !Number.isSafeInteger(Number(label)));
      yield batch;
    }
  }
  return {
    guessed: false,
    bytes,
    fileName: data.fileName,
    ending: 'npz',
    reading: readingOf(data.fileName, layout),
    labelType: () => (textual ? 'text' : fractions ? 'measured' : 'whole'),
    labels: (watch) => labelsOf(layout, watch),
    test: test === null ? null : { rows: test.rows, labels: (watch) => labelsOf(test, watch) },
    write: (stratified, _classes, watch) =>
      writeAll(
        stratified,
        () => new ArchiveWriter(blobs, { large: bytes > 2 ** 31 }),
        async (writers) => {
          let before = 0;
          for (const array of layout.arrays) {
            const onBytes = (done: number) => watch.onBytes(before + done);
            await split(file, layout, array, { stratified, writers, watch: { ...watch, onBytes } }).catch(
              (error) => {
                throw explain(data, error);
              },
            );
            before += valueBytes(array.header);
          }
        },
      ),
    close: () => npz.close(),
  };
}

type Task = { stratified: StratifiedSplit; writers: ArchiveWriter[]; watch: Watch };

/** Assigns the rows of one array, reading the labels alongside; what came to be measured on follows as it is. */
async function split(file: NpzFile, layout: NpzLayout, array: NpzArray, task: Task): Promise<void> {
  const { stratified, writers, watch } = task;
  const { header } = array;
  const rowsOf = [...stratified.shardRows, ...(stratified.holdoutRows > 0 ? [stratified.holdoutRows] : [])];
  const sinks = writers.map((writer) => writer.begin(`${array.name}.npy`));
  for (const [part, sink] of sinks.entries()) {
    await sink.put(writeNpyHeader(header.descr, [rowsOf[part] ?? 0, ...header.shape.slice(1)]));
  }
  const next = stratified.start();
  const labels = new LabelQueue(readLabels(file, layout, watch.signal));
  const size = rowBytes(header);
  let left = 0;
  let sink = partOf(sinks, HELD_OUT);
  let done = 0;
  for await (const piece of values(file, array, watch.signal)) {
    if (size > 0) await labels.fill(Math.ceil(piece.length / size) + 1);
    for (let at = 0; at < piece.length; ) {
      if (left === 0) {
        sink = partOf(sinks, next(labels.take()));
        left = size;
      }
      const part = piece.subarray(at, at + left);
      const wait = sink.put(part);
      if (wait !== undefined) await wait;
      at += part.length;
      left -= part.length;
    }
    done += piece.length;
    watch.onBytes(done);
  }
  await labels.close();
  const measured = layout.test?.arrays.find((one) => one.name === array.name);
  if (measured !== undefined) {
    const last = partOf(sinks, HELD_OUT);
    for await (const piece of values(file, measured, watch.signal)) await last.put(piece);
  }
  for (const writer of writers) await writer.end();
}

/** Hands labels out one by one, of which it reads only so many as are needed next. */
class LabelQueue {
  readonly #batches: AsyncIterator<(string | null)[]>;
  #held: (string | null)[] = [];
  #at = 0;

  constructor(batches: AsyncIterable<(string | null)[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  async fill(count: number): Promise<void> {
    while (this.#held.length - this.#at < count) {
      const next = await this.#batches.next();
      if (next.done === true) return;
      this.#held = [...this.#held.slice(this.#at), ...next.value];
      this.#at = 0;
    }
  }

  take(): string {
    const label = this.#held[this.#at] ?? '';
    this.#at += 1;
    return label;
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

const UNLABELLED = 8_192;

async function* readLabels(
  file: NpzFile,
  { rows, label }: NpzPart,
  signal: AbortSignal,
): AsyncGenerator<(string | null)[]> {
  if (label === null) {
    for (let at = 0; at < rows; at += UNLABELLED) {
      // Nothing is read here that would let others have their turn.
      await breathe();
      signal.throwIfAborted();
      yield Array(Math.min(UNLABELLED, rows - at)).fill(null);
    }
    return;
  }
  const { itemBytes } = label.header;
  const decode = decoderOf(label.header);
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of values(file, label, signal)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % itemBytes);
    const batch: string[] = [];
    for (let at = 0; at < whole; at += itemBytes) batch.push(decode(bytes, at));
    rest = bytes.subarray(whole);
    yield batch;
  }
}

/** An open .npz, and a folder for what has to be put in another order. */
type NpzFile = { npz: Npz; scratch: string };

/** The values of an array row by row. */
function values({ npz, scratch }: NpzFile, array: NpzArray, signal: AbortSignal): AsyncIterable<Buffer> {
  const { header } = array;
  const bytes = npzValues(npz, array, signal);
  return header.fortran && header.shape.length > 1 ? inRowOrder(bytes, header, scratch) : bytes;
}

function readingOf(fileName: string, { test, leftOut }: NpzLayout): string | null {
  if (test === null) return null;
  const without = leftOut.length === 0 ? '' : ` Left out: ${leftOut.slice(0, 20).join(', ')}.`;
  const names = test.arrays.map(({ name }) => name).join(', ');
  return `Read "${fileName}". The model is measured on its own part for that, ${test.rows.toLocaleString('en')} rows of ${names}.${without}`;
}

async function* explaining<T>(data: Data, batches: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    throw explain(data, error);
  }
}

function explain({ fileName }: Data, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const told = typeof code === 'string' && code.startsWith('Z_');
  const plain = error instanceof Error && error.constructor === Error && code === undefined;
  return told || plain ? new BadData(`"${fileName}" is damaged or cut short (${whyDamaged(error)}).`) : error;
}
