import { setImmediate as breathe } from 'node:timers/promises';
import { whyDamaged } from '../../../archives/entries.ts';
import { type DataFile, type DataSet, filesOf, nameOf } from '../data/data-file.ts';
import { type NpzLayout, type NpzNames, npzLayout } from '../data/layout.ts';
import { type NpyHeader, rowBytes, writeNpyHeader } from '../data/npy-header.ts';
import { fitted, type JoinedArray, joinedArrays, type NpzSegment } from '../data/npz-segments.ts';
import { npzValues } from '../data/npz-values.ts';
import { type Npz, type NpzArray, openNpz } from '../data/open-npz.ts';
import { decoderOf } from './npz-labels.ts';
import { BadData, twoTests } from './problems.ts';
import { inRowOrder } from './row-order.ts';
import { partOf, type RowSource, type SourceParts, type Watch, writeAll } from './row-source.ts';
import { HELD_OUT, type RowSplit } from './row-split.ts';
import { ArchiveWriter } from './sink.ts';

/** Files .npz of arrays that all have the same number of rows. Throws BadData. */
export async function openNpzSource(
  { blobs, config }: SourceParts,
  set: DataSet,
  choices: Pick<NpzNames, 'label' | 'group'>,
): Promise<RowSource> {
  const opened: Opened[] = [];
  const close = () => {
    for (const { npz } of opened) npz.close();
  };
  try {
    for (const file of filesOf(set)) {
      opened.push(
        await openLayout(blobs.localPath(file.blob), file, { ...choices, mayLackGroup: file === set.test }),
      );
    }
    return sourceOf({ blobs, config }, set, opened, close);
  } catch (error) {
    close();
    throw error;
  }
}

type Opened = { file: DataFile; npz: Npz; layout: NpzLayout };

async function openLayout(path: string, file: DataFile, names: NpzNames): Promise<Opened> {
  const opened = await openNpz(path);
  if (!opened.ok) throw new BadData(`"${file.fileName}" ${opened.message}.`);
  const { npz } = opened;
  const layout = npzLayout(npz, names);
  if (layout.ok) return { file, npz, layout };
  npz.close();
  throw new BadData(`"${file.fileName}" ${layout.message}.`);
}

/** Whose rows are trained on and whose are measured on, in the arrays of the first file. Throws BadData. */
function segmentsOf(set: DataSet, opened: readonly Opened[]): { train: NpzSegment[]; test: NpzSegment[] } {
  const [first] = opened;
  if (first === undefined) throw new Error('a data set without files');
  const fit = ({ file, npz }: Opened, part: NpzLayout) => {
    const found = fitted(part, first.layout);
    if (found.ok) return { file, npz, part: found.part };
    throw new BadData(`"${file.fileName}" ${found.message} "${first.file.fileName}".`);
  };
  const trained = set.test === null ? opened : opened.slice(0, -1);
  const parted = trained.find(({ layout }) => layout.test !== null);
  const own = trained.flatMap((one) =>
    one.layout.test === null ? [] : [fit(one, { ...one.layout.test, test: null, leftOut: [] })],
  );
  const last = set.test === null ? undefined : opened.at(-1);
  if (last !== undefined && parted !== undefined) {
    throw new BadData(twoTests(parted.file.fileName, last.file.fileName));
  }
  return {
    train: trained.map((one) => fit(one, one.layout)),
    test: last === undefined ? own : [fit(last, last.layout)],
  };
}

function sourceOf(
  { blobs, config }: SourceParts,
  set: DataSet,
  opened: readonly Opened[],
  close: () => void,
): RowSource {
  const { train, test } = segmentsOf(set, opened);
  const arrays = joinedArrays([...train, ...test]);
  const rowsOf = (segments: readonly NpzSegment[]) => segments.reduce((sum, { part }) => sum + part.rows, 0);
  const rows = rowsOf(test);
  const all = rowsOf(train) + rows;
  const bytes = arrays.reduce((sum, { header }) => sum + header.length + all * rowBytes(header), 0);
  const kind = train[0]?.part.label?.header.kind;
  const textual = kind === 'U' || kind === 'S';
  let fractions = false;
  const scratch = config.dataFolder;
  async function* labelsOf(segments: readonly NpzSegment[], watch: Watch) {
    for (const segment of segments) {
      const labels = readKeys(segment, segment.part.label, scratch, watch.signal);
      for await (const batch of explaining(segment.file, labels)) {
        if (kind === 'f') fractions ||= batch.some((label) => !Number.isSafeInteger(Number(label)));
        yield batch;
      }
    }
  }
  async function* groupsOf({ signal }: Watch) {
    for (const segment of train) {
      const groups = readKeys(segment, segment.part.group, scratch, signal);
      for await (const batch of explaining(segment.file, groups)) yield batch.map((group) => group ?? '');
    }
  }
  const leftOut = opened.flatMap(({ layout }) => layout.leftOut);
  return {
    guessed: false,
    bytes,
    fileName: nameOf(set),
    ending: 'npz',
    reading: readingOf(set, test, rows, leftOut),
    labelType: () => (textual ? 'text' : fractions ? 'measured' : 'whole'),
    labels: (watch) => labelsOf(train, watch),
    groups: train[0]?.part.group == null ? null : groupsOf,
    test:
      test.length === 0
        ? null
        : { rows, fileName: set.test?.fileName ?? null, labels: (watch) => labelsOf(test, watch) },
    write: (rowSplit, _classes, watch) =>
      writeAll(
        rowSplit,
        () => new ArchiveWriter(blobs, { large: bytes > 2 ** 31 }),
        async (writers) => {
          let before = 0;
          for (const array of arrays) {
            const onBytes = (done: number) => watch.onBytes(before + done);
            const task = { rowSplit, writers, watch: { ...watch, onBytes }, scratch };
            before += await split({ train, test }, array, task);
          }
        },
      ),
    close,
  };
}

type Task = { rowSplit: RowSplit; writers: ArchiveWriter[]; watch: Watch; scratch: string };
type Segments = { train: readonly NpzSegment[]; test: readonly NpzSegment[] };

/** Assigns the rows of one array, reading the labels alongside; what is measured on follows as it is. Returns the bytes. */
async function split({ train, test }: Segments, array: JoinedArray, task: Task): Promise<number> {
  const { rowSplit, writers, watch, scratch } = task;
  const { signal } = watch;
  const { header } = array;
  const rowsOf = [...rowSplit.shardRows, ...(rowSplit.holdoutRows > 0 ? [rowSplit.holdoutRows] : [])];
  const sinks = writers.map((writer) => writer.begin(`${array.name}.npy`));
  for (const [part, sink] of sinks.entries()) {
    await sink.put(writeNpyHeader(header.descr, [rowsOf[part] ?? 0, ...header.shape.slice(1)]));
  }
  const next = rowSplit.start();
  const size = rowBytes(header);
  let done = 0;
  for (const segment of train) {
    const { label, group } = segment.part;
    const labels = new LabelQueue(readKeys(segment, group ?? label, scratch, signal));
    let left = 0;
    let sink = partOf(sinks, HELD_OUT);
    for await (const piece of explaining(segment.file, values(segment, array, scratch, signal))) {
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
  }
  for (const segment of test) {
    const last = partOf(sinks, HELD_OUT);
    for await (const piece of explaining(segment.file, values(segment, array, scratch, signal))) {
      await last.put(piece);
    }
  }
  for (const writer of writers) await writer.end();
  return done;
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

async function* readKeys(
  segment: NpzSegment,
  label: NpzArray | null,
  scratch: string,
  signal: AbortSignal,
): AsyncGenerator<(string | null)[]> {
  const { rows } = segment.part;
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
  for await (const piece of values(segment, label, scratch, signal)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % itemBytes);
    const batch: string[] = [];
    for (let at = 0; at < whole; at += itemBytes) batch.push(decode(bytes, at));
    rest = bytes.subarray(whole);
    yield batch;
  }
}

/** The values of an array row by row, texts as wide as `wanted` has them; `scratch` is for what has to be put in another order. */
async function* values(
  { npz, part }: NpzSegment,
  wanted: { name: string; header: NpyHeader },
  scratch: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const array = [...part.arrays, ...(part.group === null ? [] : [part.group])].find(
    ({ name }) => name === wanted.name,
  );
  if (array === undefined) throw new Error(`no array "${wanted.name}"`);
  const { header } = array;
  const bytes = npzValues(npz, array, signal);
  const ordered = header.fortran && header.shape.length > 1 ? inRowOrder(bytes, header, scratch) : bytes;
  const width = wanted.header.itemBytes;
  yield* width === header.itemBytes ? ordered : widened(ordered, header.itemBytes, width);
}

/** So many texts are widened at once. */
const WIDENED = 1_024;

/** Texts with zeros behind them, as NumPy pads them. */
async function* widened(bytes: AsyncIterable<Buffer>, from: number, to: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    const all = Buffer.concat([rest, piece]);
    const whole = all.length - (all.length % from);
    for (let at = 0; at < whole; at += WIDENED * from) {
      const count = Math.min(WIDENED, (whole - at) / from);
      const wide = Buffer.alloc(count * to);
      for (let item = 0; item < count; item += 1) {
        all.copy(wide, item * to, at + item * from, at + (item + 1) * from);
      }
      yield wide;
    }
    rest = all.subarray(whole);
  }
}

function readingOf(
  set: DataSet,
  test: readonly NpzSegment[],
  rows: number,
  leftOut: readonly string[],
): string | null {
  const names = test[0]?.part.arrays.map(({ name }) => name).join(', ');
  if (names === undefined) return null;
  const without = leftOut.length === 0 ? '' : ` Left out: ${leftOut.slice(0, 20).join(', ')}.`;
  const what = set.test === null ? 'its own part for that' : `"${set.test.fileName}"`;
  return `Read "${nameOf(set)}". The model is measured on ${what}, ${rows.toLocaleString('en')} rows of ${names}.${without}`;
}

async function* explaining<T>(file: DataFile, batches: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    throw explain(file, error);
  }
}

function explain({ fileName }: DataFile, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const told = typeof code === 'string' && code.startsWith('Z_');
  const plain = error instanceof Error && error.constructor === Error && code === undefined;
  return told || plain ? new BadData(`"${fileName}" is damaged or cut short (${whyDamaged(error)}).`) : error;
}
